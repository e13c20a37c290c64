"""How a process ended, as people say it: the code, what it means, and what the log adds to that."""

from __future__ import annotations

_MEMORY = "killed, often because the system was out of memory"
_NATIVE = "a crash inside a native library"
_MEANINGS = {
    1: "its terminal was closed",
    2: "interrupted",
    3: "somebody asked it to quit",
    4: "an instruction that this processor does not have: is this build of mlx made for it?",
    5: _NATIVE,
    6: "it gave up by itself (abort): on a Mac mostly because memory for the model ran out",
    7: _NATIVE,
    8: _NATIVE,
    9: _MEMORY,
    10: _NATIVE,
    11: _NATIVE,
    15: "somebody asked it to end",
}
_OF_A_SHELL = 128
"""What a shell adds to the signal that ended its command."""


def code_text(code: int | None) -> str:
    """An exit code in few words; negative ones are signals."""
    if code is None:
        return "ended, and nobody saw how"
    return f"exited (code {code})" if code >= 0 else f"exited (signal {-code})"


def why(code: int | None, said: str | None, *, own: bool) -> str | None:
    """Why a process ended, by what its log said and by its code; None where neither tells.

    `own` says that nobody but the server could have written into the log.
    """
    message = [] if said is None else [said if own else f"last in its log: {said}"]
    number = -(code or 0) if (code or 0) < 0 else (code or 0) - _OF_A_SHELL
    if number in _MEANINGS:
        message.append(_MEANINGS[number])
    return "; ".join(message) or None


def ending_text(code: int | None, reason: str | None) -> str:
    """How and why a process ended."""
    return f"{code_text(code)}: {reason}" if reason else code_text(code)
