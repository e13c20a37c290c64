"""Bugs planted into a copy of the package, to see that the tests would notice them.

`python tests/testing/mutants.py` plants each of the seeded bugs and runs the test that must turn red; it takes
some minutes, and ends with 1 where a bug went unnoticed. Name some to try only those.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]


class Bug(NamedTuple):
    """A text of one module, what takes its place, and the tests of which each must notice."""

    module: str
    text: str
    instead: str
    tests: tuple[str, ...] = ()


ORACLE = "planning/test_oracle.py::test_the_planner_says_what_the_oracle_says"

BUGS = {
    "no fsync of the file": Bug(
        "files/atomic",
        "            _sync(fd, through_the_drive=lasting)\n",
        "",
        ("threats/test_power_loss.py::test_a_loss_of_power_leaves_the_old_or_the_new",),
    ),
    "no fsync of the folder": Bug(
        "files/atomic",
        "    try:\n        _sync(fd)\n    except",
        "    try:\n        pass\n    except",
        ("threats/test_power_loss.py::test_a_loss_of_power_leaves_the_old_or_the_new",),
    ),
    "names are markup": Bug(
        "views/fleet_page",
        "autoescape=True",
        "autoescape=False",
        ("views/test_fleet.py::test_no_name_at_all_gets_out_of_its_place",),
    ),
    "the page tells secrets": Bug(
        "views/fleet_page",
        "visible(redacted(text, LONGEST))",
        "visible(text)",
        ("views/test_fleet.py::test_no_secret_of_a_file_is_on_the_page",),
    ),
    "the older of two statuses": Bug(
        "planning/fleet",
        "one.status.at > known.status.at else",
        "one.status.at < known.status.at else",
        ("planning/test_fleet.py::test_of_one_machine_the_newest_status_is_kept",),
    ),
    "no lock": Bug(
        "state/lock",
        "        lock.acquire()\n",
        "        pass\n",
        ("threats/test_many_at_once.py::test_a_lock_names_its_holder_and_goes_with_it",),
    ),
    "no look before the rename": Bug(
        "state/state_file",
        "        if not unchanged:",
        "        if False:",
        ("state/test_state_file.py::test_a_writer_without_our_lock_is_noticed",),
    ),
    "links are followed": Bug(
        "files/atomic",
        '_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)',
        "_NO_FOLLOW = 0",
        ("threats/test_special_files.py::test_a_link_in_the_place_of_a_record_is_not_followed",),
    ),
    "no limit of depth": Bug(
        "syntax/tree",
        "MAX_DEPTH = 16",
        "MAX_DEPTH = 10**9",
        ("threats/test_corpus.py::test_what_is_too_deep_long_or_large_is_refused",),
    ),
    "looked at before it is held": Bug(
        "system/process_identity",
        """    handle = process.hold(pid, lambda: _verdict(record, pid, facts(pid)) is None)
    if handle is None:
        return Found(None)
    about = facts(pid)
    if about is not None and about.dead and not handle.is_gone():
        about = about._replace(dead=False)  # its first thread has ended, and others live
    verdict = _verdict(record, pid, about)
""",
        """    about = facts(pid)
    verdict = _verdict(record, pid, about)
    handle = process.hold(pid, lambda: _verdict(record, pid, facts(pid)) is None)
    if handle is None:
        return Found(None)
""",
        ("threats/test_handles.py::test_a_number_that_changes_hands_while_it_is_looked_at_is_left_alone",),
    ),
    "secrets are shown": Bug(
        "text/redaction",
        "    if first_found(text, finders) is None:\n        return text\n",
        "    if True:\n        return text\n",
        ("threats/test_secrets_in_files.py::test_a_token_in_a_comment_is_not_shown_by_a_pull",),
    ),
    "matching passes only once": Bug(
        "planning/match",
        "    while found < len(matched):\n",
        "    while found < 0:\n",
        (ORACLE,),
    ),
    "what other profiles may claim is replaceable": Bug(
        "planning/matched",
        "        spoken_for=frozenset(entry.id for entry in own) - {entry.id for entry in found},\n",
        "        spoken_for=frozenset(),\n",
        (ORACLE,),
    ),
    "orphans whatever the identity": Bug(
        "planning/prune",
        "        and rules.identity(entry.profile) not in identities\n",
        "",
        (ORACLE,),
    ),
    "the target of a refused replace is no rival": Bug(
        "planning/rivals",
        "        return self._replace(by_index=kept)\n",
        "        return self\n",
        (ORACLE,),
    ),
    "what is declared no longer is not unset": Bug(
        "planning/compare",
        "    decided: Fields = dict.fromkeys(applied or ()) | declared\n",
        "    decided: Fields = {**declared}\n",
        (ORACLE,),
    ),
    "replace forgets what is undeclared": Bug(
        "planning/changes",
        "    fields = candidate.declared if decision.comparison is None else",
        '    fields = candidate.declared if decision.comparison is None or decision.outcome == "replace" else',
        (ORACLE,),
    ),
    "drift is overwritten": Bug(
        "planning/decide",
        "    if comparison.drift:\n",
        "    if False:\n",
        (ORACLE,),
    ),
    "a drifted orphan is pruned": Bug(
        "planning/prune",
        "    drift = {e.id for e in prunable if drifted(e) and e.name not in choices.orphans_replace}\n",
        "    drift = set()\n",
        (ORACLE,),
    ),
    "another file is not looked at": Bug(
        "planning/decide",
        "    elif candidate.elsewhere and not comparison.equal:\n",
        "    elif False:\n",
        (ORACLE,),
    ),
    "new entries go first": Bug(
        "planning/planner",
        "    return state.next((*kept, *created))\n",
        "    return state.next((*created, *kept))\n",
        (ORACLE,),
    ),
    "written in place": Bug(
        "files/atomic",
        "        os.replace(beside, path)\n",
        "        path.write_bytes(beside.read_bytes())\n        os.unlink(beside)\n",
    ),
}


def plant(name: str, folder: Path) -> Path:
    """A copy of the package in `folder`, with this bug; to be put on PYTHONPATH."""
    bug = BUGS[name]
    folder.mkdir(exist_ok=True)
    shutil.copytree(
        REPOSITORY / "mlxsm_sync", folder / "mlxsm_sync", ignore=shutil.ignore_patterns("__pycache__")
    )
    path = folder / "mlxsm_sync" / f"{bug.module}.py"
    source = path.read_text()
    assert source.count(bug.text) == 1, f"{name}: its place is not in {bug.module}.py once"
    path.write_text(source.replace(bug.text, bug.instead))
    return folder


def notices(test: str, folder: Path | None) -> bool:
    """Whether a test turns red with the package in `folder`."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if folder is not None:
        environment["PYTHONPATH"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/{test}"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 1


@functools.cache
def is_green(test: str) -> bool:
    """Whether a test is green with the package as it is."""
    return not notices(test, None)


def main(names: list[str]) -> int:
    """Plant the bugs; the number of those that a test did not notice."""
    missed = 0
    seeded = {name: bug for name, bug in BUGS.items() if bug.tests}
    for name in names or seeded:
        for test in seeded[name].tests:
            with tempfile.TemporaryDirectory() as folder:
                red = notices(test, plant(name, Path(folder)))
            green = is_green(test)
            missed += not (red and green)
            verdict = "noticed" if red and green else "NOT NOTICED" if green else "red without the bug, too"
            sys.stdout.write(f"{name}: {verdict} by {test}\n")
            sys.stdout.flush()
    return missed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
