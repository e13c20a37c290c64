"""How processes end, as people say it."""

from __future__ import annotations

import pytest

from mlxsm_sync.text.amounts import size
from mlxsm_sync.values.endings import code_text, ending_text, why


@pytest.mark.parametrize(
    ("code", "said", "own", "told"),
    [
        (2, "x: error: y", True, "exited (code 2): x: error: y"),
        (3, "MemoryError", False, "exited (code 3): last in its log: MemoryError"),
        (0, None, True, "exited (code 0)"),
        (None, None, False, "ended, and nobody saw how"),
        (-9, None, False, "exited (signal 9): killed, often because the system was out of memory"),
        (137, None, False, "exited (code 137): killed, often because the system was out of memory"),
        (-15, None, False, "exited (signal 15): somebody asked it to end"),
        (-64, None, False, "exited (signal 64)"),
    ],
)
def test_the_end_of_a_process(code: int | None, said: str | None, own: bool, told: str) -> None:
    assert ending_text(code, why(code, said, own=own)) == told


def test_an_abort_tells_of_memory_beside_its_own_words() -> None:
    told = ending_text(-6, why(-6, "libc++abi: terminating", own=False))
    assert told.startswith("exited (signal 6): last in its log: libc++abi: terminating; it gave up by itself")
    assert "memory for the model ran out" in told
    assert code_text(-6) == "exited (signal 6)"


def test_sizes_are_told_as_a_disk_has_them() -> None:
    assert [size(count) for count in (0, 512 * 10**6, 3_100_000_000)] == ["0 MB", "512 MB", "3.1 GB"]
