"""What a server's log says, in the words of all that write into one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers.command_words import is_mlx_server, option
from mlxsm_sync.servers.log_blocks import blocks, is_probe
from mlxsm_sync.servers.log_messages import Hints, death, last_error, last_words, refused_options

STAMP = "2026-11-26 03:13:50,774 - "
ACCESS = '127.0.0.1 - - [24/Nov/2026 08:54:45] "POST /v1/chat/completions HTTP/1.1" 200 -\n'
FRAMES = """Traceback (most recent call last):
  File "/x/server.py", line 1, in run
    httpd = server_class(
            ^^^^^^^^^^^^^
"""
DIED = f"{STAMP}ERROR - mlx_lm.server generation thread died: "
GATED = """401 Client Error.

Cannot access gated repo for url https://huggingface.co/api/models/org/g/revision/main.
Access to model org/g is restricted. You must have access to it and be authenticated to access it. Please log in.
"""
GATED_TOLD = (
    "401 Client Error. Cannot access gated repo for url https://huggingface.co/api/models/org/g/revision/main. "
    "Access to model org/g is restricted. You must have access to it and be authenticated to access it. "
    "Please log in."
)
TOKENIZER = (
    "Couldn't instantiate the backend tokenizer from one of: \n(1) a `tokenizers` library serialization file, \n"
    "(2) a slow tokenizer instance to convert or \n(3) an equivalent slow tokenizer class to instantiate and "
    "convert. \nYou need to have sentencepiece or tiktoken installed.\n"
)
CHAINED = f"""{FRAMES}httpx.HTTPStatusError: Client error '401 Unauthorized' for url 'https://x'
For more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/401

The above exception was the direct cause of the following exception:

{FRAMES}huggingface_hub.errors.GatedRepoError: {GATED}"""
LEAKED = """/opt/python3.12/multiprocessing/resource_tracker.py:301: UserWarning: resource_tracker: There appear to be 1 leaked semaphore objects to clean up at shutdown: {'/mp-x'}
  warnings.warn(
"""
METAL = (
    "libc++abi: terminating due to uncaught exception of type std::runtime_error: [METAL] Command buffer "
    "execution failed: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", None),
        (f"{STAMP}INFO - Starting httpd at 127.0.0.1 on port 8080...\n", None),
        (f"{DIED}Model type x not supported.\n", "Model type x not supported."),
        ("ERROR - generation thread died:\n", "ERROR - generation thread died:"),
        # As the thread dies with its traceback, whole and in parts.
        (f"{DIED}'rope'\n{FRAMES}KeyError: 'rope'\n", "KeyError: 'rope'"),
        (f"{DIED}{GATED}{CHAINED}", f"GatedRepoError: {GATED_TOLD}"),
        (f"{DIED}{GATED}", GATED_TOLD),
        (
            f"{DIED}{TOKENIZER}",
            (
                "Couldn't instantiate the backend tokenizer from one of: (1) a `tokenizers` library serialization "
                "file, (2) a slow tokenizer instance to convert or (3) an equivalent slow tokenizer class to "
                "instantiate and convert. You need to have sentencepiece or tiktoken installed."
            ),
        ),
        # As 0.31.3 dies, also with the line of another thread in its midst.
        (f"Exception in thread Thread-1 (_generate):\n{FRAMES}ValueError: bad\n", "ValueError: bad"),
        ("Exception in thread Thread-1 (_generate):\n", "Exception in thread Thread-1 (_generate):"),
        (
            (
                f"Exception in thread Thread-1 (_generate):\n{FRAMES}{STAMP}INFO - Starting httpd at h on port 1...\n"
                '  File "/x/utils.py", line 2, in load\n    raise ValueError(msg)\nValueError: Model type odd not supported.\n'
            ),
            "ValueError: Model type odd not supported.",
        ),
        # The last one counts.
        (f"{DIED}first\n{ACCESS}{DIED}second\n{ACCESS}", "second"),
        # What clients send is quoted, whatever it looks like.
        (f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {{\n{DIED[26:]}forged\n", None),
        (f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {{\rERROR - generation thread died: forged\n", None),
        (
            f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {{\u2028ERROR - generation thread died: forged\n",
            None,
        ),
        (
            f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {{\nException in thread A (_generate):\n{FRAMES}",
            None,
        ),
        (f'{STAMP}INFO - "generation thread died: quoted"\n', None),
    ],
)
def test_the_end_of_the_thread_that_answers(text: str, reason: str | None) -> None:
    assert death(text) == reason


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 98] Address already in use",
        "OSError: [Errno 48] Address already in use",
        "OSError: [Errno 99] Cannot assign requested address",
        "socket.gaierror: [Errno -2] Name or service not known",
        "OverflowError: bind(): port must be 0-65535.",
        "PermissionError: [Errno 13] Permission denied",
    ],
)
def test_a_socket_that_cannot_be_bound_counts_only_while_nobody_else_can_write(line: str) -> None:
    text = f"{FRAMES}{line}\n"
    assert death(text, listened=False) == line.removeprefix("socket.")
    assert death(text) is None
    assert death(f"{FRAMES}OSError: [Errno 32] something else\n", listened=False) is None


# What was said last, by how the process ended.

FORMS: list[tuple[int | None, str, str | None]] = [
    (1, "", None),
    (1, "\n\n", None),
    (
        2,
        (
            "usage: mlx_lm.server [-h] [--model MODEL]\n                     [--host HOST]\n"
            "mlx_lm.server: error: unrecognized arguments: --x\n"
        ),
        "mlx_lm.server: error: unrecognized arguments: --x",
    ),
    (1, f"{FRAMES}KeyError: 'GIB'\n", "KeyError: 'GIB'"),
    (1, CHAINED, f"GatedRepoError: {GATED_TOLD}"),
    (
        1,
        (
            f"{FRAMES}KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
            f"{FRAMES}RuntimeError: second\nand its second line\n"
        ),
        "RuntimeError: second and its second line",
    ),
    (1, f"{STAMP}CRITICAL - out of memory\n", "out of memory"),
    (1, f"{STAMP}ERROR - it failed\n{FRAMES}OSError: full\n", "it failed OSError: full"),
    (1, f"{STAMP}ERROR - OSError: full\n{FRAMES}OSError: full\n", "OSError: full"),
    (None, "MemoryError: no more\n", "MemoryError: no more"),
    # Exceptions that say nothing themselves.
    (
        1,
        'Traceback (most recent call last):\n  File "/x/b.py", line 12, in <module>\n    assert model\nAssertionError\n',
        "AssertionError (b.py, line 12: assert model)",
    ),
    (
        1,
        '  File "/x/y.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n',
        "SyntaxError: invalid syntax (y.py, line 3: def f(:)",
    ),
    (
        1,
        (
            'Traceback (most recent call last):\n  File "/x/b.py", line 1, in <module>\n    import y\n'
            '  File "/x/y.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n'
        ),
        "SyntaxError: invalid syntax (y.py, line 3: def f(:)",
    ),
    (
        1,
        'Traceback (most recent call last):\n  File "<stdin>", line 1, in f\nKeyError\n',
        "KeyError (<stdin>, line 1)",
    ),
    (
        1,
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/x/a.py", line 3, in <module>\n  |     raise ExceptionGroup("several", [])\n'
            "  | ExceptionGroup: several (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n"
            '    | Traceback (most recent call last):\n    |   File "/x/a.py", line 1, in f\n    |     raise ValueError\n'
            "    | ValueError: one\n    +---------------- 2 ----------------\n    | TypeError: t\n"
            "    +------------------------------------\n"
        ),
        "ExceptionGroup: several (2 sub-exceptions). ValueError: one. TypeError: t",
    ),
    (1, f"Exception in thread Thread-5 (load):\n{FRAMES}OSError: gone\n", "OSError: gone"),
    # Aborts of libraries, and what Python says after them.
    (-6, f"{STAMP}INFO - Prompt processing progress: 19/19\n{ACCESS}{METAL}\n{LEAKED}", METAL),
    (
        -6,
        "terminate called after throwing an instance of 'std::runtime_error'\n  what():  [malloc] Unable to allocate.\n",
        "terminate called after throwing an instance of 'std::runtime_error' what():  [malloc] Unable to allocate.",
    ),
    (-6, "terminate called without an active exception\n", "terminate called without an active exception"),
    (-6, f"{DIED}no memory\nterminate called without an active exception\n", "no memory"),
    (
        -11,
        (
            "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f (most recent call first):\n"
            '  File "/x/mlx.py", line 3 in eval\n\nExtension modules: numpy.core (total: 1)\n'
        ),
        'Fatal Python error: Segmentation fault. File "/x/mlx.py", line 3 in eval',
    ),
    (
        1,
        (
            "Fatal Python error: init_fs_encoding: failed to get the codec\nPython runtime state: core initialized\n"
            "ModuleNotFoundError: No module named 'encodings'\n\nCurrent thread 0x00007f (most recent call first):\n"
            "<no Python frame>\n"
        ),
        (
            "Fatal Python error: init_fs_encoding: failed to get the codec. "
            "ModuleNotFoundError: No module named 'encodings'"
        ),
    ),
    (
        -6,
        "dyld[123]: Library not loaded: @rpath/libmlx.dylib\n  Referenced from: <AB> /x/core.so\n  Reason: tried: 'x'\n",
        "dyld[123]: Library not loaded: @rpath/libmlx.dylib. Referenced from: <AB> /x/core.so. Reason: tried: 'x'",
    ),
    (
        127,
        "python: error while loading shared libraries: libx.so: cannot open shared object file\n",
        "python: error while loading shared libraries: libx.so: cannot open shared object file",
    ),
    (
        -6,
        "-[_MTLCommandBuffer addCompletedHandler:]:1011: failed assertion `Completed handler provided'\n",
        "-[_MTLCommandBuffer addCompletedHandler:]:1011: failed assertion `Completed handler provided'",
    ),
    (
        101,
        (
            "thread 'main' panicked at src/lib.rs:12:5:\ncalled `Result::unwrap()` on an `Err` value\n"
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
        ),
        "thread 'main' panicked at src/lib.rs:12:5: called `Result::unwrap()` on an `Err` value",
    ),
    (
        1,
        f"thread '<unnamed>' (12) panicked at hf_xet/src/lib.rs:1:1:\nno runtime\n{FRAMES}pyo3_runtime.PanicException: no runtime\n",
        "PanicException: no runtime",
    ),
    # Signals of others explain themselves; an abort without a word has none.
    (-9, f"{STAMP}INFO - Prompt processing progress: 19/19\n", None),
    (-9, f"{STAMP}ERROR - of a client\n{FRAMES}ValueError: old\n", None),
    (-15, "Starting\n", None),
    (-6, f"{STAMP}ERROR - of a client\n", None),
    # Programs that are no Python, and shells.
    (127, "zsh: command not found: mlx_lm.server\n", "zsh: command not found: mlx_lm.server"),
    (127, "zsh:1: command not found: mlx_lm.server\n", "zsh:1: command not found: mlx_lm.server"),
    (127, "/bin/sh: 1: exec: mlx_lm.server: not found\n", "/bin/sh: 1: exec: mlx_lm.server: not found"),
    (
        127,
        "/usr/bin/env: ‘python3.9’: No such file or directory\n",
        "/usr/bin/env: ‘python3.9’: No such file or directory",
    ),
    (
        127,
        (
            "pyenv: mlx_lm.server: command not found\n\nThe `mlx_lm.server' command exists in these Python versions:\n"
            "  3.11.7\n\nNote: See 'pyenv help global' for tips on allowing both\n      python2 and python3 to be found.\n"
        ),
        (
            "pyenv: mlx_lm.server: command not found. "
            "The `mlx_lm.server' command exists in these Python versions: 3.11.7"
        ),
    ),
    (
        126,
        "No version is set for command mlx_lm.server\nConsider adding one of the following versions in your file\n",
        "No version is set for command mlx_lm.server. Consider adding one of the following versions in your file",
    ),
    (
        2,
        "\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: Failed to spawn: `mlx_lm.server`\n  \x1b[1mCaused by\x1b[0m: No such file\n",
        "error: Failed to spawn: `mlx_lm.server`. Caused by: No such file",
    ),
    (
        1,
        (
            "  × No solution found when resolving tool dependencies:\n  ╰─▶ Because mlx-lm was not found, we can conclude\n"
            "      that your requirements are unsatisfiable.\n"
        ),
        (
            "× No solution found when resolving tool dependencies: ╰─▶ Because mlx-lm was not found, "
            "we can conclude that your requirements are unsatisfiable."
        ),
    ),
    (137, "/x/run.sh: line 3: 12345 Killed: 9               python server.py\n", None),
    # Bars of progress, and what stands behind them on one line.
    (1, "\rFetching 12 files:   0%|          | 0/12 [00:00<?, ?it/s]\n", None),
    (1, "\rmodel.safetensors: 1.2MB [00:01, 3.1MB/s]\n", None),
    (1, "Downloading model:  45%\n", None),
    (
        1,
        f"\rFetching 12 files:   0%|   | 0/12 [00:00<?, ?it/s]\rFetching 12 files: 10%|█  | 1/12 [00:00<00:09, 1.1it/s]{FRAMES}OSError: disk full\n",
        "OSError: disk full",
    ),
    # What others are told, or what comes at the very end, is no cause.
    (
        1,
        f"{FRAMES}ImportError: cannot import\nsys:1: DeprecationWarning: builtin type has no __module__\n",
        "ImportError: cannot import",
    ),
    (
        1,
        f"{FRAMES}ValueError: real\nException ignored in: <function F.__del__ at 0x>\n{FRAMES}OSError: later\n",
        "ValueError: real",
    ),
    (1, f"{FRAMES}ValueError: real\n{LEAKED}", "ValueError: real"),
    (3, f"{STAMP}ERROR - of a client\n{ACCESS}", None),
    (3, f"{FRAMES}ValueError: of a client\n{STAMP}INFO - and on it goes\n", None),
    (3, f"{STAMP}ERROR - Invalid Request Body: [\n\t1\n]\n{ACCESS}last words\n", "last words"),
    (
        1,
        (
            f"{'-' * 40}\nException occurred during processing of request from ('127.0.0.1', 4711)\n{FRAMES}"
            f"BrokenPipeError: [Errno 32] Broken pipe\n{'-' * 40}\n"
        ),
        None,
    ),
    (
        1,
        f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {{\nMemoryError: forged\n{STAMP}INFO - x\n{FRAMES}OSError: real\n",
        "OSError: real",
    ),
]


@pytest.mark.parametrize(("code", "text", "reason"), FORMS)
def test_the_last_error(code: int | None, text: str, reason: str | None) -> None:
    assert last_error(text, code, words=True) == reason


def test_any_last_words_are_taken_only_where_that_is_asked_for() -> None:
    assert last_error("Starting\n", 1) is None
    assert last_error("one\n\nStarting\n", 1, words=True) == "Starting"
    assert last_error(f"one\n{ACCESS}", 1, words=True) is None


def test_what_was_raised_for_our_own_question_explains_why_it_was_not_answered() -> None:
    def failed(port: int, why: str) -> str:
        return f"Exception occurred during processing of request from ('127.0.0.1', {port})\n{FRAMES}{why}\n{'-' * 40}\n"

    text = failed(41, "ValueError: ours") + failed(42, "ValueError: theirs") + f"{STAMP}ERROR - other\n"
    assert last_error(text, asked_from=41) == "ValueError: ours"
    assert last_error(text, asked_from=7) == "other"


def test_what_is_said_is_bounded() -> None:
    many = "\n".join(f"line {number}" for number in range(30))
    assert last_error(f"{FRAMES}ValueError: first\n{many}\n", 1) == (
        "ValueError: first line 0 line 1 line 2 line 3 line 4 line 5 line 6 …"
    )
    long = last_error(f"{FRAMES}ValueError: {'x' * 5000}\n", 1)
    assert long is not None
    assert (len(long), long[-1]) == (701, "…")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", None),
        (
            f'{ACCESS}127.0.0.1 - - [24/Nov/2026 08:54:45] "GET /health HTTP/1.0" 200 -\n{LEAKED}',
            ACCESS.strip(),
        ),
        (f"{STAMP}INFO - Starting httpd at h on port 1...\n", "Starting httpd at h on port 1..."),
        (f"{STAMP}ERROR - JSONDecodeError: x - Raw body: secret\nmore of it\n", None),
    ],
)
def test_the_last_words(text: str, words: str | None) -> None:
    assert last_words(text) == words


def test_secrets_are_not_repeated() -> None:
    token = "hf_" + "Ab1" * 12
    for said in (last_error(f"OSError: {token}\n", 1), last_words(token), death(f"{DIED}{token}\n")):
        assert said is not None
        assert token not in said


# What an old program does not know.


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "usage: x [-h]\nmlx_lm.server: error: unrecognized arguments: --allowed-origins=http://a:1,http://b:1\n",
            {"--allowed-origins"},
        ),
        (
            "x: error: unrecognized arguments: --allowed-origins=a --kv-bits 8\n",
            {"--allowed-origins", "--kv-bits"},
        ),
        ("Error: No such option: --allowed-origins\n", {"--allowed-origins"}),
        ("Error: No such option '--allowed-origins'.\n", {"--allowed-origins"}),
        (
            "error: unexpected argument '--allowed-origins' found\n\n  tip: use '-- --other'\n",
            {"--allowed-origins"},
        ),
        ("flag provided but not defined: -allowed-origins\n", {"--allowed-origins"}),
        ("x: unrecognized option '--allowed-origins=a'\n", {"--allowed-origins"}),
        ("x: error: argument --max-tokens: invalid int value: 'x'\n", set()),
        (f"{FRAMES}KeyError: '--allowed-origins'\n", set()),
        ("", set()),
    ],
)
def test_options_that_a_program_refuses(text: str, named: set[str]) -> None:
    assert refused_options(text) == named


# While the log grows.


def test_hints_come_in_any_pieces_and_only_from_the_beginning_of_a_line() -> None:
    text = f"x\n{DIED}x\n{FRAMES}OSError: [Errno 98] Address already in use\n"
    for size in (1, 7, 64, len(text)):
        hints = Hints()
        for at in range(0, len(text), size):
            hints.feed(text[at : at + size])
        assert (hints.thread_died, hints.no_socket) == (True, True)
    hints = Hints()
    hints.feed(f"quoted: {DIED}x\nsays OSError: [Errno 98]\nException in thread T (_generate)")
    assert (hints.thread_died, hints.no_socket) == (False, False)
    hints.feed("\n")
    assert hints.thread_died


def test_a_line_without_an_end_takes_no_memory() -> None:
    hints = Hints()
    for _ in range(100):
        hints.feed("x" * 100_000)
    assert len(hints._rest) <= 4096
    hints.feed(f"\n{DIED}x\n")
    assert hints.thread_died


PIECES = st.sampled_from(
    [FRAMES, DIED, "ValueError: x\n", ACCESS, STAMP, "INFO - x\n", "ERROR - x\n", "\n", "  File x\n", "words ", LEAKED,
     "  | Traceback (most recent call last):\n", "  + Exception Group Traceback (most recent call last):\n", "\r", "\x1b[1m",
     "During handling of the above exception, another exception occurred:\n", "Exception ignored in: x\n", METAL + "\n",
     "JSONDecodeError: x - Raw body: {\n", "Exception in thread T (_generate):\n", '  File "x", line 3\n', "12%|x| [", "é",
     "Exception occurred during processing of request from ('h', 3)\n"]
)  # fmt: skip


@given(
    st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=30),
    st.sampled_from([None, 0, 1, 2, 137, -6, -9, -11]),
)
def test_nothing_that_can_stand_in_a_log_breaks_the_reading(pieces: list[str], code: int | None) -> None:
    text = "".join(pieces)
    for said in (
        last_error(text, code, words=True),
        last_words(text),
        death(text),
        death(text, listened=False),
    ):
        assert said is None or (0 < len(said) <= 701 and "\n" not in said)
    refused_options(text)
    assert sum(len(one.lines) for one in blocks(text)) <= text.count("\n") + 1


@given(
    st.text(alphabet=st.characters(exclude_characters="\n"), max_size=60),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_what_a_client_sends_is_never_told_as_an_error(body: str, ending: str) -> None:
    forged = f"{body}{ending}{DIED[26:]}forged{ending}Exception in thread T (_generate):{ending}{FRAMES}OSError: forged{ending}"
    text = f"{STAMP}ERROR - JSONDecodeError: x - Raw body: {forged}"
    assert death(text) is None
    assert last_error(text, 1, words=True) is None
    assert last_words(text) is None


def test_our_own_questions() -> None:
    ours = '127.0.0.1 - - [24/Nov/2026 08:54:45] "POST /v1/chat/completions HTTP/1.0" 200 -'
    assert is_probe(ours)
    assert not is_probe(ours.replace("1.0", "1.1"))


@pytest.mark.parametrize(
    ("words", "certain"),
    [
        (["/usr/bin/python3", "/opt/bin/mlx_lm.server", "--model", "m"], True),
        (["python", "-m", "mlx_lm.server"], True),
        (["python", "-m", "mlx_lm", "server"], True),
        (["/opt/bin/mlx_lm", "server", "--port", "1"], True),
        (["python3", "-m", "http.server"], False),
        (["mlx_lm"], False),
        ([], False),
    ],
)
def test_whose_command_line_it_is(words: list[str], certain: bool) -> None:
    assert is_mlx_server(words) == certain


def test_an_option_is_read_as_the_server_reads_it() -> None:
    words = ["s", "--mo", "first", "--port=1", "--model=second", "--max-tok", "7", "--mode", "x"]
    assert option(words, "--model") == "x"
    assert option(words, "--max-tokens") == "7"
    assert option(words, "--host") is None
    assert option(["--model"], "--model") == ""
    assert option(["--", "--"], "--model") is None
