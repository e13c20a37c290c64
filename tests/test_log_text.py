"""What a server's log means, line by line as the releases write it."""

from __future__ import annotations

import pytest

from mlxsm_sync.command_words import is_mlx_server, option
from mlxsm_sync.log_text import fatal, is_probe, last_error, without_probes

TRACEBACK = """Traceback (most recent call last):
  File "/x/server.py", line 1, in run
    httpd = server_class(
"""


OF_A_CLIENT = "BrokenPipeError: [Errno 32] Broken pipe\nConnectionResetError: x\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", None),
        ("2026-01-01 10:00:00,123 - INFO - Starting httpd at 127.0.0.1 on port 8080...\n", None),
        (
            "2026-01-01 10:00:00,123 - ERROR - mlx_lm.server generation thread died: Model type x not supported.\n",
            "Model type x not supported.",
        ),
        (
            "ERROR - mlx_lm.server generation thread died:\nTraceback\n  File\nKeyError: 'a'\n",
            "KeyError: 'a'",
        ),
        ("ERROR - generation thread died:\n", "ERROR - generation thread died:"),
        (f"Exception in thread Thread-1 (_generate):\n{TRACEBACK}ValueError: bad\n", "ValueError: bad"),
        ("Exception in thread Thread-1 (_generate):\n", "Exception in thread Thread-1 (_generate):"),
        (
            f"{TRACEBACK}OSError: [Errno 98] Address already in use\n",
            "OSError: [Errno 98] Address already in use",
        ),
        (
            f"{TRACEBACK}OSError: [Errno 48] Address already in use\n",
            "OSError: [Errno 48] Address already in use",
        ),
        (
            "socket.gaierror: [Errno -2] Name or service not known\n",
            "socket.gaierror: [Errno -2] Name or service not known",
        ),
        (
            "OSError: [Errno 99] Cannot assign requested address\n",
            "OSError: [Errno 99] Cannot assign requested address",
        ),
        ("OverflowError: bind(): port must be 0-65535.\n", "OverflowError: bind(): port must be 0-65535."),
        ("PermissionError: [Errno 13] Permission denied\n", "PermissionError: [Errno 13] Permission denied"),
        ("OSError: [Errno 32] something of one client\n", None),
    ],
)
def test_what_no_server_comes_back_from(text: str, reason: str | None) -> None:
    assert fatal(text) == reason


def test_once_it_was_ready_only_the_end_of_its_thread_counts() -> None:
    of_clients = f"{TRACEBACK}PermissionError: [Errno 13] Permission denied: '/x'\nException in thread Thread-9 (serve):\n"
    assert fatal(of_clients) is not None
    assert fatal(of_clients, was_ready=True) is None
    died = "ERROR - mlx_lm.server generation thread died: out of memory\n"
    assert fatal(of_clients + died, was_ready=True) == "out of memory"
    old = "Exception in thread Thread-1 (_generate):\nValueError: bad\n"
    assert fatal(of_clients + old, was_ready=True) == "ValueError: bad"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("\n\n", None),
        (
            "usage: x\nmlx_lm.server: error: unrecognized arguments: --x\n",
            "mlx_lm.server: error: unrecognized arguments: --x",
        ),
        (f"{TRACEBACK}KeyError: 'GIB'\nbye\n", "KeyError: 'GIB'"),
        ("terminate called without an active exception\n", "terminate called without an active exception"),
        ('Starting\n127.0.0.1 - - [x] "GET /health HTTP/1.0" 200 -\n', "Starting"),
        (
            f"Exception occurred during processing of request from ('127.0.0.1', 1)\n{OF_A_CLIENT}last words\n",
            "last words",
        ),
        ("2026-01-01 10:00:00,1 - CRITICAL - out of memory\n", "out of memory"),
    ],
)
def test_the_last_error(text: str, line: str | None) -> None:
    assert last_error(text) == line


def test_our_own_questions() -> None:
    ours = '127.0.0.1 - - [24/Nov/2026 08:54:45] "POST /v1/chat/completions HTTP/1.0" 200 -'
    theirs = ours.replace("1.0", "1.1")
    assert is_probe(ours)
    assert [*without_probes([ours, theirs, "x"])] == [theirs, "x"]


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
