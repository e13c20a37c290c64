"""Programs, models, logs and records on disk, as they are found and judged."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_tokens import TOKENS

from mlxsm_sync import log_files, model_files
from mlxsm_sync.errors import ServerTrouble
from mlxsm_sync.flags import NEWEST_KNOWN, known_to
from mlxsm_sync.installed import find_program
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.server import Adopted, Record

# The program


def program(folder: Path, first_line: str, name: str = "mlx_lm.server") -> Path:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    path = folder / "bin" / name
    path.write_text(first_line + "\nprint()\n")
    path.chmod(0o755)
    return path


def installed(folder: Path, version: str, source: str | None = None, sites: str = "site-packages") -> None:
    site = folder / "lib/python3.12" / sites
    (site / f"mlx_lm-{version}.dist-info").mkdir(parents=True)
    (site / "mlx_lm").mkdir()
    if source is not None:
        (site / "mlx_lm/server.py").write_text(source)


PATH: Mapping[str, str] = {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize(
    "first_line",
    [
        "#!{root}/bin/python3",
        "#!{root}/bin/python3 -E",
        "#!/bin/sh\n'''exec' {root}/bin/python3 \"$0\" \"$@\"\n' '''",
        "#!/bin/sh\n'''exec' \"{root}/bin/python3\" \"$0\" \"$@\"\n' '''",
        "#!/usr/bin/env python-of-test",
        "#!/usr/bin/env -S python-of-test -u",
    ],
)
def test_the_release_is_found_by_the_scripts_first_line(tmp_path: Path, first_line: str) -> None:
    root = tmp_path / "a venv" if '"{' in first_line else tmp_path / "venv"
    installed(root, "0.31.2")
    script = program(root, first_line.format(root=root))
    python = program(root, "#!/bin/sh", "python-of-test")
    found = find_program(str(script), {"PATH": f"{python.parent}:/usr/bin:/bin"})
    assert found == ((str(script),), "0.31.2", None)


def test_a_program_on_path_and_in_several_words(tmp_path: Path) -> None:
    installed(tmp_path, "0.30.7", sites="dist-packages")
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    environment = {"PATH": f"{tmp_path}/bin"}
    assert find_program(None, environment).command == (str(script),)
    assert find_program(None, environment | {"MLXSM_SERVER": str(script)}).version == "0.30.7"
    umbrella = program(tmp_path, f"#!{tmp_path}/bin/python3", "mlx_lm")
    assert find_program(f"{umbrella} server", PATH) == ((str(umbrella), "server"), "0.30.7", None)
    python = program(tmp_path, "", "python3")
    assert find_program(f"{python} -m mlx_lm server", PATH).version == "0.30.7"
    assert find_program(f"{python} {script}", PATH).version == "0.30.7"
    relative = os.path.relpath(script)
    assert find_program(f"{os.path.relpath(python)} {relative}", PATH).command == (str(python), str(script))


def test_a_file_of_the_current_folder_is_never_taken_for_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder can be anybody's: what is in it must not become a program, a module or an option."""
    python = program(tmp_path / "x", "", "python3")
    for name in ("-m", "mlx_lm.server", "server", f"{python} -m mlx_lm.server"):
        (tmp_path / name.replace("/", "_")).write_text("")
    monkeypatch.chdir(tmp_path)
    for words in ("-m mlx_lm.server", "-m mlx_lm server", "mlx_lm.server"):
        assert find_program(f"{python} {words}", PATH).command == (str(python), *words.split())
    assert find_program(f"{python} ./server", PATH).command == (str(python), str(tmp_path / "server"))


def test_the_newest_of_several_and_a_program_that_tells_nothing(tmp_path: Path) -> None:
    installed(tmp_path, "0.9.1")
    installed(tmp_path / "x", "0.1")
    (tmp_path / "lib/python3.12/site-packages/mlx_lm-0.31.10.dist-info").mkdir()
    (tmp_path / "lib/python3.12/site-packages/mlx_lm_extra-9.dist-info").mkdir()
    assert find_program(str(program(tmp_path, f"#!{tmp_path}/bin/python3")), PATH).version == "0.31.10"
    for number, first_line in enumerate(["", "#!", "#!/usr/bin/env", "#!/nowhere/python", "\x7fELF"]):
        script = program(tmp_path / f"s{number}" / "deep", first_line, "server")
        found = find_program(str(script), PATH)
        assert (found.version, found.known, found.flags) == (None, None, known_to(NEWEST_KNOWN))


def test_a_newer_release_is_read_as_text(tmp_path: Path) -> None:
    source = 'p.add_argument("--model")\np.add_argument("-x", "--new", help="--no")\nadd_argument("--not")\nf("--no")\n'
    installed(tmp_path, "9.0", source)
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    assert find_program(str(script), PATH).known == {"--model", "--new"}
    for broken in ("def (", "", "x = 1"):
        (tmp_path / "lib/python3.12/site-packages/mlx_lm/server.py").write_text(broken)
        assert find_program(str(script), PATH).flags == known_to((9, 0))


@pytest.mark.parametrize("command", ["/nowhere/x", "no-such-program", "'", "   "])
def test_a_program_that_is_not_there(command: str) -> None:
    with pytest.raises(ServerTrouble):
        find_program(command, PATH)


def test_a_program_that_is_a_secret_is_not_used(tmp_path: Path) -> None:
    hidden = program(tmp_path / TOKENS["hf"], "#!/bin/sh").parent
    token = TOKENS["hf"]
    for command, folder in ((f"/x/{token}", "/bin"), (f"env --x={token}", "/bin"), (None, hidden)):
        with pytest.raises(ServerTrouble) as refused:
            find_program(command, {"PATH": str(folder)})
        assert refused.value.message == "the server command looks like a secret; it was not used"


# The model


def weights(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2) + b"{}")


def complete(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    weights(folder / "model.safetensors")
    return folder


def test_a_folder_is_passed_resolved(tmp_path: Path) -> None:
    folder = complete(tmp_path / "model")
    link = tmp_path / "link"
    link.symlink_to(folder)
    found = model_files.look_at(str(link), {})
    assert found == (str(folder), "folder", (), None)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("config.json", None, "config.json is missing or no JSON object"),
        ("config.json", "[]", "config.json is missing or no JSON object"),
        ("config.json", "{", "config.json is missing or no JSON object"),
        ("config.json", "{}", "config.json names no model_type"),
        ("tokenizer.json", None, "has no tokenizer"),
        ("model.safetensors", None, "has no weights (model*.safetensors)"),
        ("model.safetensors", "", "model.safetensors is cut off"),
        ("model.safetensors", "version https://git-lfs.github.com/spec/v1", "is a pointer of git-lfs"),
        (
            "model.safetensors.index.json",
            '{"weight_map": {"a": "model-1.safetensors"}}',
            "model-1.safetensors is missing",
        ),
    ],
)
def test_what_keeps_a_folder_from_being_loaded(
    tmp_path: Path, name: str, content: str | None, problem: str
) -> None:
    folder = complete(tmp_path / "model")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    (told,) = model_files.look_at(str(folder), {}).problems
    assert problem in told


def test_an_index_without_a_map_and_a_folder_that_is_none(tmp_path: Path) -> None:
    folder = complete(tmp_path / "model")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": 1}')
    assert model_files.look_at(str(folder), {}).problems == ()
    assert model_files.look_at(str(tmp_path / "no"), {}).problems == (
        f"there is no folder {tmp_path / 'no'}",
    )
    with (folder / "config.json").open("w") as file:
        file.truncate(65 * 1024 * 1024)
    assert "config.json is missing" in model_files.look_at(str(folder), {}).problems[0]


def test_the_cache_is_where_the_hub_has_it(tmp_path: Path) -> None:
    home = Path("~").expanduser()
    assert model_files.cache_folder({}) == home / ".cache/huggingface/hub"
    assert model_files.cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/hub")
    assert model_files.cache_folder({"HF_HOME": "/h", "XDG_CACHE_HOME": "/x"}) == Path("/h/hub")
    assert model_files.cache_folder({"HUGGINGFACE_HUB_CACHE": "/l", "HF_HOME": "/h"}) == Path("/l")
    assert model_files.cache_folder({"HF_HUB_CACHE": "~/c", "HUGGINGFACE_HUB_CACHE": "/l"}) == home / "c"
    model_files.make_cache_folder({"HF_HOME": str(tmp_path / "new")})
    assert (tmp_path / "new/hub").is_dir()
    (tmp_path / "file").write_text("")
    model_files.make_cache_folder({"HF_HOME": str(tmp_path / "file")})


def test_a_repository_is_cached_when_its_snapshot_is_complete(tmp_path: Path) -> None:
    environment = {"HF_HUB_CACHE": str(tmp_path)}
    repository = tmp_path / "models--org--name"
    missing = model_files.look_at("org/name", environment)
    assert (missing.kind, missing.problems) == ("not cached", ())
    assert missing.warning == "org/name is not complete in the cache: the server will download it"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("abc")
    assert model_files.look_at("org/name", environment).kind == "not cached"
    folder = complete(repository / "snapshots/abc")
    assert model_files.look_at("org/name", environment) == ("org/name", "cached", (), None)
    (folder / "model.safetensors").unlink()
    offline = model_files.look_at("org/name", environment | {"HF_HUB_OFFLINE": "yes"})
    assert offline.warning == "org/name is not complete in the cache, and HF_HUB_OFFLINE forbids the download"
    (repository / "refs/main").write_text("../../elsewhere")
    assert model_files.look_at("org/name", environment).kind == "not cached"


# The log


def test_the_end_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    assert (log_files.tail(path, 3), log_files.text(path), log_files.Reader(path).more()) == (([], 0), "", "")
    path.write_text("".join(f"{n} {'x' * 500}\n" for n in range(1000)) + "no end")
    assert [line.split()[0] for line in log_files.tail(path, 3).lines] == ["998", "999", "no"]
    assert len(log_files.tail(path, 5000).lines) == 1001
    assert log_files.tail(path, 0) == ([], path.stat().st_size)
    assert len("".join(log_files.tail(path, 5000, 100_000).lines)) < 2 * 65536
    reader = log_files.Reader(path)
    assert len(reader.more()) == path.stat().st_size
    with path.open("ab") as file:
        file.write("ü\n".encode() + b"\xff")
    assert (reader.more(), reader.more()) == ("ü\n\ufffd", "")


def test_a_log_is_followed_into_the_one_that_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("old\n")
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        for lines in log_files.follow(path, 4, alive=lambda: not done.is_set(), pause=0.01):
            seen.extend(lines)

    def until(*expected: str) -> None:
        end = time.monotonic() + 10
        while seen != [*expected]:
            assert time.monotonic() < end, seen
            time.sleep(0.01)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.1)
    with path.open("a") as file:
        file.write("one\ntwo\nbegun")
    until("one", "two")
    log_files.rotate(path)
    os.close(log_files.open_new(path))
    until("one", "two", "begun")
    with path.open("a") as file:
        file.write("three\n")
    until("one", "two", "begun", "three")
    path.write_text("")
    time.sleep(0.1)
    path.write_text("four\n")
    until("one", "two", "begun", "three", "four")
    path.unlink()
    time.sleep(0.05)
    done.set()
    thread.join()


# Records

RECORD = Record(
    id="a" * 16,
    name="A",
    owner=None,
    host="127.0.0.1",
    port=1,
    nonce="n",
    boot_id="b",
    command=("/s",),
    arguments=(),
    server_version=None,
    profile_digest="sha256:0",
    log="/l",
    started_at="2026-06-16T00:00:00Z",
)


def test_records_come_and_go(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    assert (files.records(), files.record("a" * 16), files.ending(RECORD)) == ({}, None, None)
    assert not files.forget_adopted("a" * 16)
    files.prepare()
    files.write(RECORD)
    assert files.records() == {"a" * 16: RECORD}
    files.ending_path("a" * 16).write_text('{"nonce": "n", "code": -9, "at": 1.5}')
    ending = files.ending(RECORD)
    assert ending is not None
    assert (ending.code, ending.at) == (-9, 1.5)
    assert files.ending(RECORD.copy(nonce="other")) is None
    files.ending_path("a" * 16).write_text("{")
    assert files.ending(RECORD) is None
    files.forget_run("a" * 16)
    files.forget_run("a" * 16)
    assert files.records() == {}
    (files.folder / f"{'b' * 16}.json").mkdir()
    (files.folder / "not-an-id.json").write_text("{}")
    assert [type(one) for one in files.records().values()] == [Damaged]


def test_adopted_servers_are_remembered_until_forgotten(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    adopted = Adopted(
        id="a" * 16, name="A", host="h", port=1, software="s", pid=None, model=None, adopted_at="t"
    )
    files.adopt(adopted)
    assert files.adopted("a" * 16) == adopted
    (files.folder / f"{'b' * 16}.adopted").write_text((files.folder / f"{'a' * 16}.adopted").read_text())
    assert files.adopted("b" * 16) is None
    (files.folder / f"{'c' * 16}.adopted").write_text("{")
    assert files.adopted("c" * 16) is None
    assert files.forget_adopted("a" * 16)
    assert files.adopted("a" * 16) is None


def test_only_one_starts_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = RunFiles(tmp_path)
    monkeypatch.setattr("mlxsm_sync.run_files._LOCK_SECONDS", 0.05)
    code = (
        "import sys\nfrom pathlib import Path\nfrom mlxsm_sync.run_files import RunFiles\n"
        f"with RunFiles(Path({str(tmp_path)!r})).start_lock('a' * 16):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ServerTrouble, match="another mlxsm is starting"), files.start_lock("a" * 16):
            pass
        with files.start_lock("b" * 16):
            pass
    with files.start_lock("a" * 16):
        assert json.loads((files.folder / f"{'a' * 16}.lock").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("path", ["~/models/x", "/" + "h" * 300, "./nul\0"])
def test_a_path_that_is_none_is_a_problem_of_its_profile(path: str) -> None:
    (problem,) = model_files.look_at(path, {}).problems
    assert "write it out" in problem or "cannot be looked at" in problem
