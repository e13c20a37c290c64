"""How much memory models may take: from the kernel, from Metal, assumed, or all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mlxsm_sync.system.memory_limit import assumed, memory_limit
from mlxsm_sync.system.portable import machine_memory
from testing.paths import LIKE_DARWIN

LOOK = """
import json, sys
sys.path.insert(0, sys.argv[1])
import like_darwin
like_darwin.pretend()
from mlxsm_sync.system.memory_limit import memory_limit
print(json.dumps(memory_limit().model_dump()))
"""


def looked(**hooks: str) -> dict[str, object]:
    """What is found where the libraries of macOS are stand-ins that ctypes calls as it calls those."""
    words = [sys.executable, "-c", LOOK, LIKE_DARWIN.parent]
    done = subprocess.run(words, env=os.environ | hooks, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.linux("the stand-ins are for a Linux")
def test_a_setting_comes_before_metal() -> None:
    found = looked(LIKE_DARWIN_WIRED="40960", LIKE_DARWIN_METAL="5000")
    assert found == {"bytes": 40960 * 2**20, "from": "iogpu.wired_limit_mb"}


@pytest.mark.linux("the stand-ins are for a Linux")
@pytest.mark.parametrize("setting", [{"LIKE_DARWIN_WIRED": "0"}, {}])
def test_metal_is_asked_where_nothing_is_set(setting: dict[str, str]) -> None:
    recommended = 38_654_705_664
    found = looked(LIKE_DARWIN_METAL=str(recommended), **setting)
    assert found == {"bytes": recommended, "from": "metal"}


@pytest.mark.linux("the stand-ins are for a Linux")
@pytest.mark.parametrize("metal", [{"LIKE_DARWIN_METAL": "0"}, {}])
def test_a_share_is_assumed_where_no_device_is_to_be_seen(metal: dict[str, str]) -> None:
    assert looked(**metal) == {"bytes": assumed(machine_memory()), "from": "assumed"}


def test_larger_macs_give_a_larger_share() -> None:
    gib = 2**30
    assert [assumed(count * gib) // gib for count in (12, 36, 48, 128)] == [8, 24, 36, 96]


@pytest.mark.linux("on a Mac one of the others answers")
def test_elsewhere_all_of_the_memory_counts() -> None:
    assert (memory_limit().nbytes, memory_limit().from_) == (machine_memory(), "ram")
