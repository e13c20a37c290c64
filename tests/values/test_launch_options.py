"""The one table of launch options: a row reaches the schemas, the app's document and list, and the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

from hypothesis import given

import mlxsm_sync
from mlxsm_sync.mac_app.document_format import Document, DocumentOptions
from mlxsm_sync.mac_app.options import OPTION_NAMES, read_option, write_option
from mlxsm_sync.servers.command_line import Program, launch
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.json_schema import made_from
from mlxsm_sync.values.launch_options import Form, launch_options
from mlxsm_sync.values.profile import Profile, field_paths
from mlxsm_sync.values.server_options import FLAGS, OPTION_FLAGS
from testing.strategies import rich_profiles

PACKAGE = Path(mlxsm_sync.__file__).parent
ROW = '''    made_up: Positive | None = _option("positive", "--made-up", CACHE, whole(1), "5")
    """Something that a later release takes."""
'''
ASKED = """
import json
from mlxsm_sync.mac_app.document_format import Document
from mlxsm_sync.mac_app.document_writer import document_profile
from mlxsm_sync.mac_app.list_format import read_list, write_list
from mlxsm_sync.mac_app.options import label, read_option
from mlxsm_sync.servers.command_line import Program, launch
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.json_schema import made_from
from mlxsm_sync.values.profile import Profile, field_paths, from_fields
from mlxsm_sync.values.state import Entry
from mlxsm_sync.values.value_advice import _RANGES

PATH = "/advancedLaunchOptions/madeUp"
one = from_fields({"/name": "A", "/modelID": "m/a", "/host": "127.0.0.1", "/port": 1, PATH: 7})
entry = Entry(id="6BA7B810-9DAD-11D1-80B4-00C04FD430C8", profile=one, owner=None)
listed = write_list([entry], None)
again = read_list(listed, Problems("list"))[0].profile
schemas = [made_from(model, "validation")[1] for model in (Profile, Document)]
print(json.dumps({
    "fields": PATH in field_paths(),
    "schemas": ["madeUp" in one["properties"] for two in schemas for name, one in two.items() if "Options" in name],
    "document": document_profile(one)["advancedLaunchOptions"],
    "read": read_option("madeUp", " 7 "),
    "label": label("madeUp"),
    "list": json.loads(listed)[0]["advancedLaunchOptions"],
    "again": again.advanced_launch_options == one.advanced_launch_options,
    "words": launch(one, "m", Program(("/bin/s",), "0.32.2")).arguments[3:4],
    "old": launch(one, "m", Program(("/bin/s",), "0.30.7")).problems,
    "advice": _RANGES["madeUp"],
}))
"""


def properties(model: type[Value], options: str) -> dict[str, object]:
    _, definitions = made_from(model, "validation")
    found: dict[str, object] = definitions[options]["properties"]
    return found


def test_every_row_is_everywhere() -> None:
    rows = launch_options()
    keys = [one.key for one in rows]
    assert len(keys) == 14
    assert {one.form for one in rows} == {*get_args(Form)}
    assert [*OPTION_NAMES] == keys == [*aliases(DocumentOptions).values()]
    assert [*properties(Profile, "LaunchOptions")] == keys
    assert [*properties(Document, "DocumentOptions")] == keys
    assert [path.rpartition("/")[2] for path in field_paths()][-14:] == keys
    assert [*OPTION_FLAGS] == [key for key in keys if key != "rawExtraArgs"]
    assert all(FLAGS[one.flag] == one.facts for one in rows if one.flag)


def test_a_number_has_an_example_that_its_own_rule_takes() -> None:
    numbers = [one for one in launch_options() if one.form in ("temperature", "share", "positive", "bytes")]
    assert len(numbers) == 10
    for one in numbers:
        assert one.facts.rule is not None
        assert one.facts.rule(one.example) is None
        assert read_option(one.key, one.example) == json.loads(one.example)


@given(rich_profiles())
def test_every_option_comes_back_from_the_text_of_the_app(profile: Profile) -> None:
    options = profile.advanced_launch_options.model_dump(exclude_none=True)
    for option, value in options.items():
        if option != "defaultTemperature" and value not in ([], ""):
            assert read_option(option, write_option(value)) == value
    flags = {
        word.partition("=")[0] for word in launch(profile, "m", Program(("/bin/s",), "0.32.2")).arguments
    }
    assert {OPTION_FLAGS[option] for option in options if option in OPTION_FLAGS} <= flags


def test_a_new_option_is_one_row_in_one_file(tmp_path: Path) -> None:
    copy = tmp_path / "mlxsm_sync"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    table = copy / "values" / "launch_options.py"
    before, last = table.read_text().split("    raw_extra_args:")
    table.write_text(f"{before}{ROW}    raw_extra_args:{last}")
    script = tmp_path / "asked.py"
    script.write_text(ASKED)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "fields": True,
        "schemas": [True, True],
        "document": {"madeUp": "7"},
        "read": 7,
        "label": "Made Up",
        "list": {"madeUp": "7"},
        "again": True,
        "words": ["--made-up=7"],
        "old": ["--made-up needs mlx-lm 0.31.1 or newer, and 0.30.7 is installed"],
        "advice": ["a whole number above 0", "5"],
    }
