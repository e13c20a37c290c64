"""What a pull takes and what it leaves, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.pull import Clash, Pull
from mlxsm_sync.views.plan import CONFLICT_SIGN
from mlxsm_sync.views.style import Style, value


def whole_text(pull: Pull, desired: Desired) -> str:
    """Which profiles of the file are replaced by what is here, also where nothing was changed here."""
    known = {one.index: one.profile.name for one in desired.profiles}
    names = [
        visible(known[edit.place])
        for edit in pull.edits
        if edit.taken is None and edit.place is not None and edit.fields
    ]
    return "".join(f"{name}: taken whole, as it is on this machine\n" for name in names)


def clash_text(pull: Pull, desired: Desired, again: Invocation, style: Style) -> str:
    """Each field that both sides changed, with the two values and the ways out."""
    names = [one.profile.name for one in desired.profiles]
    lines: list[str] = []
    for clash in pull.clashes:
        clear = names.count(clash.name) == 1 and "=" not in clash.name
        lines += _clash_lines(clash, clash.name if clear else f"#{clash.place}", again, style)
    return "".join(f"{line}\n" for line in lines)


def _clash_lines(clash: Clash, selector: str, again: Invocation, style: Style) -> Iterator[str]:
    sign, field = style.paint(CONFLICT_SIGN, CONFLICT_SIGN), called(clash.path)
    name = style.paint(visible(clash.name), "bold")
    yield f"  {sign} {name}: {field} was changed here and in the file, and is left"
    yield f"      this machine  {value(clash.here)}"
    yield f"      the file      {value(clash.there)}"
    yield f"      applied       {value(clash.applied)}"
    yield f"      take this machine's: {visible(again.pull(selector, '--field', field))}"
    apply = again._replace(command="apply")
    yield f"      take the file's: {visible(apply.again(Choices(), '--replace', selector))}"
