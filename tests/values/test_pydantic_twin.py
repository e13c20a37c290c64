"""Real pydantic gives the same verdicts: its own dataclasses, made from ours, on good and on spoiled values."""

from __future__ import annotations

import dataclasses
import json
import types
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pydantic
import pytest
import yaml

from mlxsm_sync.state.saved_plan import SavedPlan
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.fields import Constraint, aliases
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.state import State
from mlxsm_sync.values.validation import ValidationError
from testing.hostile_files.spoiled import spoiled
from testing.paths import REPOSITORY
from testing.project import Project

SCENARIOS = sorted((REPOSITORY / "tests/stories/scenarios").iterdir())


@cache
def twin(model: type[Value]) -> Any:
    """A dataclass of pydantic with the fields and the rules of one of ours."""
    config = pydantic.ConfigDict(
        strict=True,
        extra="allow" if model.open_to_unknown else "forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )
    hints = get_type_hints(model, include_extras=True)
    names = aliases(model)
    fields = []
    for one in dataclasses.fields(model):
        settings: dict[str, Any] = {"alias": names.get(one.name) or _camel(one.name)}
        if one.default is not dataclasses.MISSING:
            settings["default"] = one.default
        elif one.default_factory is not dataclasses.MISSING:
            settings["default_factory"] = one.default_factory
        hint = translated(hints[one.name]) if one.name in names else Any
        fields.append((one.name, hint, pydantic.Field(**settings)))
    plain = dataclasses.make_dataclass(model.__name__, fields, kw_only=True)
    return Annotated[
        pydantic.dataclasses.dataclass(plain, config=config), pydantic.AfterValidator(_as(model))
    ]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _as(model: type[Value]) -> Any:
    """What makes one of ours of its twin, and checks the rules across fields."""

    def convert(checked: Any) -> Value:
        value = model(**{one.name: getattr(checked, one.name) for one in dataclasses.fields(model)})
        value.check()
        return value

    return convert


def translated(hint: Any) -> Any:
    """An annotation of ours in pydantic's own words."""
    if isinstance(hint, type) and issubclass(hint, Value):
        return twin(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        rule = inner[1]
        assert isinstance(rule, Constraint)
        parts: list[Any] = [pydantic.Field(**rule.limits)] if rule.limits else []
        parts += [pydantic.BeforeValidator(rule.before)] if rule.before else []
        parts += [pydantic.AfterValidator(rule.after)] if rule.after else []
        plain = translated(inner[0])
        return Annotated[plain, *parts] if parts else plain
    if origin is Literal:
        return Annotated[hint, pydantic.BeforeValidator(_no_boolean)]
    if origin is tuple:
        whole = tuple[translated(inner[0]), ...]
        is_of_values = isinstance(inner[0], type) and issubclass(inner[0], Value)
        return Annotated[whole, pydantic.FailFast()] if is_of_values else whole
    if origin is frozenset:
        return frozenset[translated(inner[0])]
    if origin is dict:
        return dict[translated(inner[0]), translated(inner[1])]
    if origin in (types.UnionType, Union):
        return Union[tuple(map(translated, inner))]  # noqa: UP007 - made at run time
    return hint


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must not be true or false")  # noqa: TRY004 - pydantic tells ValueErrors
    return value


def verdict_of_ours(model: type[Value], text: str) -> set[tuple[Any, ...]]:
    try:
        model.model_validate_json(text)
    except ValidationError as error:
        return {(one.path, one.kind) for one in error.issues}
    return set()


def verdict_of_pydantic(model: type[Value], text: str) -> set[tuple[Any, ...]]:
    try:
        adapter(model).validate_json(text)
    except pydantic.ValidationError as error:
        return {(one["loc"], one["type"]) for one in error.errors(include_url=False)}
    return set()


@cache
def adapter(model: type[Value]) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(twin(model))


def given(folder: Path) -> list[Any]:
    """What the profile files of a story declare."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            data = yaml.safe_load(path.read_text())
        except yaml.YAMLError:
            continue
        found += data.get("profiles") or [] if isinstance(data, dict) else []
    return [one for one in found if isinstance(one, dict)]


def same_verdicts(model: type[Value], good: Json) -> None:
    """Both take the value, and say the same of all that is spoiled in it."""
    assert verdict_of_ours(model, json.dumps(good)) == set()
    for value in (good, *spoiled(good)):
        text = json.dumps(value)
        assert verdict_of_ours(model, text) == verdict_of_pydantic(model, text), text


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda path: path.name)
def test_profiles_of_the_stories(folder: Path) -> None:
    for declared in given(folder):
        for value in (declared, *spoiled(declared)):
            text = json.dumps(value, default=str)
            assert verdict_of_ours(Profile, text) == verdict_of_pydantic(Profile, text), text


RUN = RunRecord(
    id="a" * 16,
    name="A",
    owner=None,
    host="127.0.0.1",
    port=8080,
    run_id="n",
    boot_id="b",
    pid=77,
    command=("/s",),
    arguments=("--port", "8080"),
    server_version=None,
    profile_digest="",
    log="/l",
    started_at="2026-06-16T00:00:00Z",
)


def test_the_record_of_a_run() -> None:
    same_verdicts(RunRecord, RUN.model_dump())


FILE = """
schemaVersion: 1
collection: team
profiles:
  - name: A
    modelID: mlx-community/A
    host: 127.0.0.1
    port: 8080
    enableThinking: false
    notes: text
    advancedLaunchOptions:
      defaultTemperature: 0.2
      defaultMaxTokens: 512
      chatTemplateArgs: {enable_thinking: false, deep: [1, {x: null}]}
      rawExtraArgs: [--trust-remote-code]
"""


def test_a_state_and_a_saved_plan(project: Project) -> None:
    project.write(FILE)
    assert project.run("plan", "--out", "plan.json").code == 0
    same_verdicts(SavedPlan, json.loads((project.folder / "plan.json").read_text()))
    assert project.run("apply", "--yes").code == 0
    same_verdicts(State, project.state)
