"""A person's answer to one conflict, as a choice."""

from __future__ import annotations

from mlxsm_sync.values.choices import Answer, Choices
from mlxsm_sync.values.plan import Choice, Conflict


def answered(choices: Choices, conflict: Conflict, way: Choice, new_name: str | None = None) -> Choices:
    """The choices with this answer, which takes the place of an earlier one."""
    index = conflict.index
    if index is None:
        return _about_orphan(choices, conflict.name, way)
    words: tuple[str, ...] = (f"--{way}", f"#{index}")
    rename = {at: name for at, name in choices.rename.items() if at != index}
    replace = {at: name for at, name in choices.replace.items() if at != index}
    skip = choices.skip - {index}
    if way == "rename":
        rename[index] = new_name
        words = ("--rename", f"#{index}" if new_name is None else f"#{index}={new_name}")
    elif way == "replace":
        replace[index] = conflict.target
    else:
        skip |= {index}
    kept = (one for one in choices.given if one.index != index)
    given = (*kept, Answer(words=words, index=index))
    return choices.model_copy(rename=rename, replace=replace, skip=skip, given=given)


def _about_orphan(choices: Choices, name: str, way: Choice) -> Choices:
    kept, gone = choices.orphans_skip - {name}, choices.orphans_replace - {name}
    kept, gone = (kept, gone | {name}) if way == "replace" else (kept | {name}, gone)
    given = (*choices.given, Answer(words=(f"--{way}", name)))
    return choices.model_copy(orphans_skip=kept, orphans_replace=gone, given=given)
