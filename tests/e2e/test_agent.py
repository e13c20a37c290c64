"""`mlxsm agent run` in checkouts of a bare repository, by the real git."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from testing.checkouts import Fleet, profiles
from testing.project import Project
from testing.waiting import wait_for

TOKEN = "pw-" + "QwErTy" * 4


def test_a_push_arrives_and_the_second_run_has_nothing_to_do(fleet: Fleet) -> None:
    first = fleet.told()
    assert (first["exit"], first["moved"], first["applied"]) == (0, False, "1 created")
    before = fleet.head()
    made = fleet.push(profiles("One", port=21900))
    moved = fleet.told()
    assert (moved["exit"], moved["moved"], moved["before"], moved["after"]) == (0, True, before, made)
    assert moved["message"] == f"moved from {before[:10]} to {made[:10]} of origin/main"
    assert fleet.ports == {"One": 21900}
    serial = fleet.project.state["serial"]
    again = fleet.told()
    assert (again["exit"], again["moved"], again["message"]) == (0, False, "nothing new on origin/main")
    assert (again["applied"], fleet.project.state["serial"]) == ("nothing to do", serial)
    status = json.loads(Path(again["status"]).read_text())
    assert (status["plan"]["status"], status["state"]["serial"]) == ("in-step", serial)
    assert status["lastApply"] == {"at": again["appliedAt"], "exit": 0}


def test_text_tells_each_step_and_the_log_keeps_it(fleet: Fleet) -> None:
    done = fleet.run()
    assert done.code == 0
    assert done.out.startswith(f"{fleet.checkout}: nothing new on origin/main\nPlan: 1 to create\n")
    log = (fleet.folder / "agent.log").read_text()
    assert "run begins for" in log
    assert "Applied: 1 created." in log
    assert log.endswith("run ends with exit code 0\n")
    assert (fleet.folder / "agent.log").stat().st_mode & 0o777 == 0o600
    seen = fleet.project.run("agent", "status").out
    assert "last run" in seen
    assert "git       nothing new on origin/main\napplied   1 created\n" in seen


@pytest.mark.parametrize("staged", [False, True])
def test_uncommitted_changes_are_left_and_what_is_checked_out_is_applied(fleet: Fleet, staged: bool) -> None:
    fleet.push(profiles("One", port=21900))
    mine = profiles("One", port=21777)
    (fleet.checkout / "profiles.yaml").write_text(mine)
    if staged:
        fleet.git(fleet.checkout, "add", "profiles.yaml")
    done = fleet.run()
    assert done.code == 1
    assert "not moved forward" in done.err
    assert "changes that are not committed, in profiles.yaml" in done.err
    assert "what is checked out is applied all the same" in done.err
    assert (fleet.checkout / "profiles.yaml").read_text() == mine
    assert fleet.ports == {"One": 21777}
    hint = next(line for line in done.err.splitlines() if line.startswith("hint: ")).rpartition("aside: ")[2]
    fleet.git(fleet.checkout, *hint.split()[3:])
    assert fleet.told()["moved"] is True
    assert fleet.ports == {"One": 21900}


def test_untracked_files_are_not_dirty(fleet: Fleet) -> None:
    (fleet.checkout / "notes.txt").write_text("mine")
    fleet.push(profiles("One", port=21900))
    assert fleet.told()["moved"] is True
    assert (fleet.checkout / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("ignored", [False, True])
def test_an_untracked_file_in_the_way_is_told_and_kept(fleet: Fleet, ignored: bool) -> None:
    """git itself overwrites one that it ignores."""
    fleet.push("extra.txt\n" if ignored else "other.txt\n", ".gitignore")
    fleet.told()
    (fleet.checkout / "extra.txt").write_text("mine")
    before = fleet.head()
    fleet.push("theirs", "extra.txt")
    told = fleet.told()
    assert (told["exit"], told["stuck"], fleet.head()) == (1, True, before)
    assert "would be: extra.txt" in told["message"]
    assert (fleet.checkout / "extra.txt").read_text() == "mine"
    moving = told["hint"].partition(": ")[2]
    assert fleet.project.shell(moving).code == 0
    assert fleet.told()["exit"] == 0
    assert (fleet.checkout / "extra.txt").read_text() == "theirs"
    assert (fleet.checkout / "extra.txt.before").read_text() == "mine"


def test_rewritten_history_is_not_followed(fleet: Fleet) -> None:
    before = fleet.head()
    fleet.push(profiles("One", port=21900), "profiles.yaml", "--amend")
    told = fleet.told()
    assert (told["exit"], told["moved"], fleet.head()) == (1, False, before)
    assert "has 1 commit that origin/main does not have: its history was rewritten" in told["message"]
    assert fleet.ports == {"One": 21801}
    assert fleet.told()["exit"] == 1
    giving_up = told["hint"].partition("give them up: ")[2]
    assert fleet.project.shell(giving_up).code == 0
    assert (fleet.told()["exit"], fleet.ports) == (0, {"One": 21900})


def test_commits_that_were_made_here_are_kept(fleet: Fleet) -> None:
    (fleet.checkout / "profiles.yaml").write_text(profiles("One", port=21777))
    fleet.git(fleet.checkout, "commit", "--quiet", "-am", "mine")
    mine = fleet.head()
    told = fleet.told()
    assert (told["exit"], fleet.head(), fleet.ports) == (1, mine, {"One": 21777})
    assert "or they were made here" in told["message"]


def test_a_conflict_is_left_for_a_person(fleet: Fleet) -> None:
    fleet.told()
    fleet.project.edit_state(lambda state: state["entries"][0]["profile"].update(port=21999))
    fleet.push(profiles("One", "Two", port=21900))
    told = fleet.told()
    assert (told["exit"], told["moved"]) == (3, True)
    assert told["applied"] == "1 created, 1 left to decide"
    assert fleet.ports == {"One": 21999, "Two": 21901}
    assert fleet.told()["exit"] == 3


def test_a_broken_file_changes_nothing_and_the_next_push_heals(fleet: Fleet) -> None:
    fleet.told()
    before = fleet.project.state_path.read_bytes()
    fleet.push("profiles: [")
    done = fleet.run()
    assert done.code == 1
    assert "profiles.yaml:1:" in done.err
    told = fleet.told()
    assert (told["exit"], told["applied"]) == (1, None)
    assert told["error"].endswith("nothing was applied")
    assert json.loads(Path(told["status"]).read_text())["plan"]["status"] == "broken"
    assert fleet.project.state_path.read_bytes() == before
    fleet.push(profiles("One", port=21900))
    assert (fleet.told()["exit"], fleet.ports) == (0, {"One": 21900})


def test_entries_are_deleted_only_where_that_was_said(fleet: Fleet) -> None:
    fleet.push(profiles("One", "Two"))
    fleet.told()
    fleet.push(profiles("One"))
    assert (fleet.told()["exit"], sorted(fleet.ports)) == (0, ["One", "Two"])
    assert (fleet.told("--prune")["applied"], sorted(fleet.ports)) == ("1 deleted", ["One"])


def test_a_detached_head_follows_nothing(fleet: Fleet) -> None:
    fleet.git(fleet.checkout, "checkout", "--quiet", "--detach")
    told = fleet.told()
    assert (told["exit"], told["applied"]) == (1, "1 created")
    assert "is on no branch (a detached HEAD)" in told["message"]


def test_a_branch_that_follows_none(fleet: Fleet) -> None:
    fleet.git(fleet.checkout, "branch", "--unset-upstream")
    told = fleet.told()
    assert (told["exit"], told["applied"]) == (1, "1 created")
    assert "the branch main" in told["message"]
    assert fleet.project.shell(told["hint"]).code == 0
    assert fleet.told()["exit"] == 0


@pytest.mark.parametrize(
    ("file", "what"), [("MERGE_HEAD", "a merge"), ("rebase-merge", "a rebase"), ("BISECT_LOG", "a bisect")]
)
def test_what_a_person_is_in_the_midst_of_is_left(fleet: Fleet, file: str, what: str) -> None:
    (fleet.checkout / ".git" / file).write_text(fleet.head())
    told = fleet.told()
    assert (told["exit"], told["applied"]) == (1, "1 created")
    assert told["message"] == f"{what} goes on in {fleet.checkout}"


def test_a_remote_that_is_gone_and_one_whose_branch_is(fleet: Fleet) -> None:
    fleet.upstream.rename(fleet.upstream.with_name("away.git"))
    told = fleet.told()
    assert (told["exit"], told["applied"]) == (1, "1 created")
    assert told["message"].startswith("origin/main cannot be fetched: ")
    fleet.upstream.with_name("away.git").rename(fleet.upstream)
    fleet.git(fleet.upstream, "update-ref", "-d", "refs/heads/main")
    told = fleet.told()
    assert told["exit"] == 1
    assert "couldn't find remote ref refs/heads/main" in told["message"]


def lives(noted: Path) -> bool:
    """Whether the process of this number is there."""
    pid = noted.read_text().strip()
    return subprocess.run(["kill", "-0", pid], capture_output=True, check=False).returncode == 0


def test_a_fetch_that_hangs_is_ended_with_all_that_it_started(fleet: Fleet) -> None:
    """The program that stands for ssh asks nobody and answers nothing; it is gone afterwards."""
    fleet.git(fleet.checkout, "remote", "set-url", "origin", "ssh://nobody.invalid/fleet")
    pid = fleet.project.folder / "pid"
    hanging = f"sh -c 'echo $$ >{pid}; exec sleep 600' --"
    told = fleet.told("--fetch-timeout", "1.5", GIT_SSH_COMMAND=hanging)
    assert (told["exit"], told["applied"]) == (1, "1 created")
    assert told["message"] == "origin/main cannot be fetched: git did not end within 1.5 s"
    wait_for(lambda: not lives(pid))


def test_a_signal_ends_the_fetch_too(fleet: Fleet) -> None:
    fleet.git(fleet.checkout, "remote", "set-url", "origin", "ssh://nobody.invalid/fleet")
    pid = fleet.project.folder / "pid"
    fleet.project.environment["GIT_SSH_COMMAND"] = f"sh -c 'echo $$ >{pid}; exec sleep 600' --"
    with fleet.project.start("agent", "run", "--repo", str(fleet.checkout)) as running:
        wait_for(lambda: pid.exists() and pid.read_text().strip() != "")
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 143
    wait_for(lambda: not lives(pid))


def test_ssh_is_not_let_ask_unless_somebody_says_how_it_is_called(fleet: Fleet) -> None:
    fleet.git(fleet.checkout, "remote", "set-url", "origin", "ssh://nobody.invalid/fleet")
    tools = fleet.project.folder / "tools"
    tools.mkdir()
    seen = fleet.project.folder / "ssh-words"
    for name in ("ssh", "my-ssh"):
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{seen}\nexit 1\n')
        (tools / name).chmod(0o755)
    path = f"{tools}:{fleet.project.environment['PATH']}"
    fleet.told(PATH=path)
    assert seen.read_text().startswith("ssh -o BatchMode=yes ")
    fleet.told(PATH=path, GIT_SSH_COMMAND="my-ssh -x")
    fleet.git(fleet.checkout, "config", "core.sshCommand", "my-ssh -y")
    fleet.told(PATH=path)
    last = [line.split()[:2] for line in seen.read_text().splitlines()]
    assert ["my-ssh", "-x"] in last
    assert last[-1] == ["my-ssh", "-y"]


def test_a_password_in_the_address_is_never_told(fleet: Fleet) -> None:
    address = f"https://bob:{TOKEN}@127.0.0.1:9/fleet.git"
    fleet.git(fleet.checkout, "remote", "set-url", "origin", address)
    done = fleet.run("-v")
    assert done.code == 1
    assert "127.0.0.1" in done.err
    # As the name of a remote as well.
    fleet.git(fleet.checkout, "config", "branch.main.remote", address)
    named = fleet.run("--json")
    assert named.code == 1
    status = fleet.project.run("agent", "status", "--json")
    files = "".join(path.read_text() for path in fleet.folder.iterdir())
    for text in (done.out, done.err, named.out, named.err, status.out, files):
        assert TOKEN not in text
        assert "bob" not in text


@pytest.mark.parametrize("name", ["with space", "qu'ote\"s", "ünï-日本", "-dash", "$HOME;x"])
def test_any_name_of_a_checkout(fleet: Fleet, name: str) -> None:
    fleet.checkout = fleet.clone(fleet.project.folder / "places" / name)
    fleet.push(profiles("One", port=21900))
    (fleet.checkout / "README").write_text("")
    told = fleet.told()
    assert (told["exit"], told["moved"], told["repository"]) == (0, True, str(fleet.checkout))
    (fleet.checkout / "profiles.yaml").write_text(profiles("One", port=21777))
    hint = fleet.told()["hint"].rpartition("aside: ")[2]
    (fleet.project.folder / "home/.gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")
    assert fleet.project.shell(hint).code == 0
    assert fleet.told()["exit"] == 0


def test_a_linked_worktree_and_a_shallow_clone(fleet: Fleet) -> None:
    linked = fleet.project.folder / "linked"
    fleet.git(fleet.checkout, "worktree", "add", "--quiet", "-b", "studio", str(linked), "origin/main")
    fleet.git(linked, "branch", "--set-upstream-to=origin/main")
    shallow = fleet.project.folder / "shallow"
    fleet.git(fleet.checkout, "clone", "--quiet", "--depth=1", f"file://{fleet.upstream}", str(shallow))
    made = fleet.push(profiles("One", port=21900))
    for fleet.checkout in (linked, shallow):
        told = fleet.told()
        assert (told["exit"], told["moved"], told["after"]) == (0, True, made)
    lock = fleet.project.folder / "checkout/.git/worktrees/linked/index.lock"
    lock.touch()
    fleet.checkout = linked
    assert fleet.told()["hint"].endswith(f"rm {lock}")


def test_the_checkout_that_one_stands_in_and_a_folder_of_it(fleet: Fleet) -> None:
    (fleet.checkout / "deeper").mkdir()
    fleet.project.folder = fleet.checkout / "deeper"
    done = fleet.project.run("agent", "run", "--json")
    assert (done.code, done.json["repository"]) == (0, str(fleet.checkout))


def test_a_folder_that_is_no_checkout(fleet: Fleet) -> None:
    done = fleet.project.run("agent", "run", "--repo", "home")
    assert done.code == 1
    assert "home is in no checkout of git" in done.err
    assert fleet.project.run("agent", "run", "--repo", "nowhere").code == 1
    assert fleet.project.run("agent", "run", "--repo", str(fleet.upstream)).code == 1
    assert not fleet.project.state_path.exists()


def test_without_git_nothing_is_done(fleet: Fleet) -> None:
    done = fleet.run(PATH=str(fleet.project.folder))
    assert (done.code, done.err.splitlines()[0]) == (1, "error: there is no git on this machine")


def test_variables_of_a_hook_do_not_mislead_it(fleet: Fleet) -> None:
    """A real hook of another repository calls it: git gives hooks GIT_DIR and more."""
    fleet.push(profiles("One", port=21900))
    mine = fleet.project.folder / "mine"
    fleet.git(fleet.project.folder, "init", "--quiet", str(mine))
    hook = mine / ".git/hooks/post-commit"
    words = " ".join(fleet.project.command("agent", "run", "--repo", "../checkout"))
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nenv | grep -q ^GIT_INDEX_FILE || exit 7\n{words} >told 2>&1\necho $? >code\n"
    )
    hook.chmod(0o755)
    (mine / "a").write_text("a")
    fleet.git(mine, "add", "a")
    fleet.git(mine, "commit", "--quiet", "-m", "a", GIT_DIR=str(mine / ".git"), GIT_WORK_TREE=str(mine))
    assert (mine / "code").read_text() == "0\n", (mine / "told").read_text()
    assert fleet.ports == {"One": 21900}
    assert fleet.git(mine, "rev-list", "--count", "HEAD") == "1"
    misled = {"GIT_DIR": str(mine / ".git"), "GIT_WORK_TREE": str(mine), "GIT_OBJECT_DIRECTORY": "/nowhere"}
    assert fleet.told(**misled)["exit"] == 0


def test_hooks_of_the_checkout_are_not_run(fleet: Fleet) -> None:
    hook = fleet.checkout / ".git/hooks/post-merge"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    fleet.push(profiles("One", port=21900))
    assert fleet.told()["moved"] is True
    assert not (fleet.checkout / "ran").exists()


def signer(fleet: Fleet, name: str) -> Path:
    """A key of ssh, known to both sides as that of the author where it is called `known`."""
    key = fleet.project.folder / f"key-{name}"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def signed(key: Path) -> list[str]:
    return ["-c", "gpg.format=ssh", "-c", f"user.signingKey={key}"]


def test_only_signed_commits_where_that_is_asked(fleet: Fleet) -> None:
    known, other = signer(fleet, "known"), signer(fleet, "other")
    allowed = fleet.project.folder / "allowed"
    allowed.write_text(f"a@example.org {known.with_suffix('.pub').read_text()}")
    fleet.git(fleet.checkout, "config", "gpg.ssh.allowedSignersFile", str(allowed))

    def push(port: int, *key: Path) -> None:
        fleet.commit(profiles("One", port=port))
        if key:
            fleet.git(fleet.author, *signed(key[0]), "commit", "--quiet", "--amend", "-S", "-m", "signed")
        fleet.git(fleet.author, "push", "--quiet", "--force", "origin", "HEAD:main")

    push(21900, known)
    told = fleet.told("--verify-commits")
    assert (told["exit"], told["moved"], fleet.ports) == (0, True, {"One": 21900})
    before = fleet.head()
    push(21910, other)
    push(21920, known)  # a good one on top of it makes it no better
    told = fleet.told("--verify-commits")
    assert (told["exit"], told["moved"], fleet.head()) == (1, False, before)
    assert "has no good signature" in told["message"]
    assert fleet.ports == {"One": 21900}
    fleet.git(fleet.author, "reset", "--quiet", "--hard", before)
    push(21930)
    assert fleet.told("--verify-commits")["exit"] == 1
    assert fleet.told()["moved"] is True
    assert fleet.ports == {"One": 21930}


def test_two_runs_at_once(fleet: Fleet) -> None:
    fleet.git(fleet.checkout, "remote", "set-url", "origin", "ssh://nobody.invalid/fleet")
    began, gate = fleet.project.folder / "began", fleet.project.folder / "gate"
    waiting = f"sh -c 'touch {began}; while ! test -e {gate}; do sleep 0.05; done; exit 1' --"
    fleet.project.environment["GIT_SSH_COMMAND"] = waiting
    with fleet.project.start("agent", "run", "--repo", str(fleet.checkout)) as running:
        wait_for(began.exists)
        second = fleet.run("--lock-timeout", "0")
        assert second.code == 1
        assert f"an agent is at work already: process {running.pid}" in second.err
        assert "--lock-timeout" in second.err
        gate.touch()
        running.communicate(timeout=60)
    assert running.returncode == 1
    fleet.git(fleet.checkout, "remote", "set-url", "origin", str(fleet.upstream))
    assert fleet.run("--lock-timeout", "0").code == 0


def test_locks_that_a_killed_git_left_are_told_and_kept(fleet: Fleet) -> None:
    fleet.push(profiles("One", port=21900))
    for name in ("index.lock", "refs/heads/main.lock", "refs/remotes/origin/main.lock"):
        lock = fleet.checkout / ".git" / name
        lock.touch()
        told = fleet.told()
        assert (told["exit"], told["moved"]) == (1, False), name
        assert lock.exists()
        removing = told["hint"].rpartition(": ")[2]
        assert removing == f"rm {lock}"
        assert fleet.project.shell(removing).code == 0
    assert (fleet.told()["exit"], fleet.ports) == (0, {"One": 21900})


def test_a_move_that_was_cut_off_before_its_last_step_is_finished(fleet: Fleet) -> None:
    """All files and the index are those of the new commit; only the branch is still at the old one."""
    before = fleet.head()
    made = fleet.push(profiles("One", port=21900))
    fleet.git(fleet.checkout, "pull", "--quiet", "--ff-only")
    fleet.git(fleet.checkout, "update-ref", "refs/heads/main", before)
    told = fleet.told()
    assert (told["exit"], told["before"], told["after"], fleet.ports) == (0, before, made, {"One": 21900})
    assert fleet.git(fleet.checkout, "status", "--porcelain") == ""


def test_a_move_that_was_cut_off_in_the_midst_of_files_is_told(fleet: Fleet) -> None:
    """What is half written may be somebody's, so it is put aside by a person."""
    fleet.push("words", "README")
    made = fleet.push(profiles("One", port=21900))
    (fleet.checkout / "README").write_text("words")
    (fleet.checkout / "profiles.yaml").write_text(profiles("One", port=21900))
    assert fleet.told()["exit"] == 1
    fleet.git(fleet.checkout, "stash")
    moving = fleet.told()["hint"].partition(": ")[2]
    assert fleet.project.shell(moving).code == 0
    assert (fleet.told()["exit"], fleet.head()) == (0, made)


def test_a_file_of_the_checkout_that_is_named(fleet: Fleet) -> None:
    fleet.push(profiles("Two", port=21950), "machines/studio.yaml")
    fleet.told("-f", "machines/studio.yaml")
    assert fleet.ports == {"Two": 21950}
    outside = fleet.project.write(profiles("Three"))
    refused = fleet.run("-f", str(outside))
    assert (refused.code, refused.err.splitlines()[0]) == (64, f"error: {outside} is not in {fleet.checkout}")
    assert fleet.run("-f", "../profiles.yaml").code == 64


def test_the_other_name_of_a_profile_file_and_none_at_all(fleet: Fleet) -> None:
    fleet.commit(profiles("One", port=21900), "mlxsm.yaml")
    fleet.git(fleet.author, "rm", "--quiet", "profiles.yaml")
    fleet.git(fleet.author, "commit", "--quiet", "-m", "rename")
    fleet.push("words", "README")
    assert (fleet.told()["exit"], fleet.ports) == (0, {"One": 21900})
    fleet.git(fleet.author, "rm", "--quiet", "mlxsm.yaml")
    fleet.push("more words", "README")
    told = fleet.told()
    assert (told["exit"], told["moved"], fleet.ports) == (1, True, {"One": 21900})
    assert told["error"].startswith(f"there is no profile file at the top of {fleet.checkout}")


def test_the_status_goes_where_it_is_wanted(fleet: Fleet) -> None:
    place = fleet.project.folder / "shared/studio.json"
    told = fleet.told("--status-out", str(place))
    assert (told["exit"], told["status"]) == (1, None)
    assert "cannot write" in told["error"]
    place.parent.mkdir()
    assert fleet.told("--status-out", str(place))["status"] == str(place)
    assert json.loads(place.read_text())["formatVersion"] == 1
    state = fleet.project.state_path
    assert fleet.run("--status-out", str(state)).code == 64


def test_the_log_does_not_grow_for_ever(fleet: Fleet) -> None:
    fleet.told()
    log = fleet.folder / "agent.log"
    log.write_bytes(b"x" * (1024 * 1024 + 1))
    fleet.told()
    assert log.stat().st_size < 10_000
    assert log.with_name("agent.log.1").stat().st_size == 1024 * 1024 + 1


def test_a_record_that_is_damaged_is_told_and_replaced(fleet: Fleet) -> None:
    fleet.told()
    (fleet.folder / "last-run.json").write_text("{")
    seen = fleet.project.run("agent", "status", "--json").json
    assert seen["lastRun"] is None
    assert "is truncated" in seen["message"]
    fleet.told()
    assert fleet.project.run("agent", "status", "--json").json["lastRun"]["exit"] == 0


def test_three_homes_converge_from_one_push_and_nothing_is_forced(fleet: Fleet) -> None:
    homes = []
    for name in ("plain", "drifted", "taken"):
        home = fleet.project.folder / name
        home.mkdir()
        own = {"HOME": str(home / "home"), "MLXSM_MACHINE": name}
        one = Project(home, fleet.project.environment | own, fleet.project.program)
        (home / "home").mkdir()
        homes.append(one)
        fleet.clone(home / "checkout")
    plain, drifted, taken = homes

    def run(one: Project) -> int:
        return one.run("agent", "run", "--repo", "checkout", "--json").code

    def ports(one: Project) -> dict[str, int]:
        return {entry["profile"]["name"]: entry["profile"]["port"] for entry in one.state["entries"]}

    assert [run(one) for one in (plain, drifted)] == [0, 0]
    drifted.edit_state(lambda state: state["entries"][0]["profile"].update(port=21666))
    taken.apply(profiles("One", port=21555).replace('"fleet"', '"mine"'))
    fleet.push(profiles("One", "Two", port=21900))
    assert [run(one) for one in homes] == [0, 3, 3]
    assert {fleet.head(one.folder / "checkout") for one in homes} == {fleet.head(fleet.author)}
    assert ports(plain) == {"One": 21900, "Two": 21901}
    assert ports(drifted) == {"One": 21666, "Two": 21901}
    assert ports(taken) == {"One": 21555, "Two": 21901}
    assert [run(one) for one in homes] == [0, 3, 3]
    statuses = [str(one.state_path.parent / "agent/status.json") for one in homes]
    assert [json.loads(Path(one).read_text())["lastApply"]["exit"] for one in statuses] == [0, 3, 3]
    report = plain.run("report", *statuses, "-o", "fleet.html", "--json").json
    standings = {one["name"]: one["status"] for one in report["machines"]}
    assert standings == {"plain": "in-step", "drifted": "drift", "taken": "conflict"}


def test_a_kill_in_the_midst_of_a_fetch_is_healed_by_the_next_run(fleet: Fleet) -> None:
    """git goes on alone, or ends; what it has left keeps nobody from the next run."""
    made = fleet.push(profiles("One", port=21900))
    fleet.git(fleet.checkout, "remote", "set-url", "origin", f"ssh://host{fleet.upstream}")
    began, gate = fleet.project.folder / "began", fleet.project.folder / "gate"
    script = fleet.project.folder / "ssh"
    waits = f"touch {began}; while ! test -e {gate}; do sleep 0.05; done"
    script.write_text(f'#!/bin/sh\n{waits}\nfor word; do :; done\nexec sh -c "$word"\n')
    script.chmod(0o755)
    fleet.project.environment["GIT_SSH"] = str(script)
    with fleet.project.start("agent", "run", "--repo", str(fleet.checkout)) as running:
        wait_for(began.exists)
        running.kill()
        running.communicate(timeout=60)
    gate.touch()
    wait_for(lambda: fleet.told()["exit"] == 0)
    assert (fleet.head(), fleet.ports) == (made, {"One": 21900})
