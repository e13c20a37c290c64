"""Whether mlx-lm can spread a model, read from its source: beside what the real classes have."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import mlx_lm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers.sharding import Support, support, undivided

PACKAGE = Path(mlx_lm.__file__).parent
KINDS = sorted(path.stem for path in (PACKAGE / "models").glob("*.py") if "class Model(" in path.read_text())
ENDS_PYTHON = ("olmo",)
"""Without a package of its own, its import ends the interpreter."""


def of(kind: str, sharding: Any = "tensor", **config: Any) -> Support:
    return support(str(PACKAGE), {"model_type": kind} | config, sharding)


def test_the_text_says_of_every_architecture_what_its_class_has() -> None:
    assert len(KINDS) > 100
    known = 0
    for kind in KINDS:
        if kind in ENDS_PYTHON:
            continue
        module = importlib.import_module(f"mlx_lm.models.{kind}")
        told = of(kind).able
        assert told in (None, hasattr(module.Model, "shard")), kind
        known += told is not None
    assert known > len(KINDS) * 0.9


@pytest.mark.parametrize(
    ("kind", "sharding", "able"),
    [
        ("llama", "tensor", True),
        ("mistral", "tensor", True),  # by the table of other names
        ("kimi_k2", "tensor", True),
        ("glm_moe_dsa", "tensor", True),  # from a base in another file
        ("gemma2", "tensor", False),
        ("llama", "pipeline", False),
        ("qwen2", "pipeline", True),
        ("deepseek_v3", "pipeline", True),
        ("no_such_model", "tensor", None),
        ("../llama", "tensor", None),
    ],
)
def test_what_can_be_spread(kind: str, sharding: str, able: bool | None) -> None:
    assert of(kind, sharding).able is able


def test_what_brings_its_own_code_or_no_type_is_unknown() -> None:
    assert of("llama", model_file="mine.py").able is None
    assert support(str(PACKAGE), {}, "tensor").able is None
    assert support(str(PACKAGE), {"model_type": 3}, "tensor").able is None
    assert support("/nowhere", {"model_type": "llama"}, "tensor").able is None


def test_an_architecture_can_stand_for_another_type() -> None:
    named = of("bailing_hybrid", architectures=["BailingMoeV3ForCausalLM"])
    assert named == of("bailing_moe_v3")
    assert of("llama", architectures="Other").able is True


def test_heads_are_divided_as_the_source_divides_them() -> None:
    llama = of("llama").divided
    assert [*undivided({"num_key_value_heads": 2, "num_attention_heads": 4}, llama, 2)] == []
    assert [*undivided({"num_key_value_heads": 2, "num_attention_heads": 6}, llama, 3)] == [
        "its 2 num_key_value_heads"
    ]
    latent = of("deepseek_v3").divided
    assert [*undivided({"num_key_value_heads": 2, "num_attention_heads": 6}, latent, 3)] == []
    assert [*undivided({"num_attention_heads": 7}, latent, 2)] == ["its 7 num_attention_heads"]
    inner = {"text_config": {"num_key_value_heads": 1, "num_attention_heads": 4}}
    assert [*undivided(inner, llama, 2)] == ["its 1 num_key_value_heads"]
    assert [*undivided({"num_attention_heads": "many"}, ("strange", "n_heads"), 2)] == []


SOURCES = {
    "utils.py": "MODEL_REMAPPING = {'other': 'own', 'bad': 3}\nX = f()\n",
    "models/own.py": (
        "from .far import Base as B, Far\nfrom . import far\nclass Inner(Far): ...\n"
        "class Model(B):\n    def __init__(self):\n        self.model = Inner()\n"
    ),
    "models/far.py": "class Base(nn.Module):\n    def shard(self): self.n_heads //= 2\nclass Far:\n    def pipeline(self): ...\n",
    "models/qualified.py": "from . import far\nclass Model(far.Base):\n    def __init__(self): self.model = far.Far()\n",
    "models/dynamic.py": "class Model(nn.Module):\n    def __getattr__(self, name): ...\n",
    "models/unknown.py": "class Model(make()): ...\n",
    "models/strange.py": "class Model(Other): ...\n",
    "models/circle.py": "from .circle import Model\n",
    "models/itself.py": "class Model(Model): ...\n",
    "models/broken.py": "class Model(:\n",
    "models/plain.py": "class Model(nn.Module):\n    def __init__(self): self.model, self.x = a()\n",
}


@pytest.mark.parametrize(
    ("kind", "tensor", "pipeline"),
    [
        ("own", True, True),
        ("other", True, True),
        ("bad", None, None),
        ("qualified", True, True),
        ("dynamic", None, None),
        ("unknown", None, None),
        ("strange", None, None),
        ("circle", None, None),
        ("itself", None, None),
        ("broken", None, None),
        ("plain", False, None),
    ],
)
def test_classes_are_followed_as_far_as_they_can_be(
    tmp_path: Path, kind: str, tensor: bool | None, pipeline: bool | None
) -> None:
    (tmp_path / "models").mkdir()
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    config = {"model_type": kind}
    assert support(str(tmp_path), config, "tensor").able is tensor
    assert support(str(tmp_path), config, "pipeline").able is pipeline


@given(st.binary(max_size=300))
def test_whatever_the_source_says_nothing_fails(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "models").mkdir()
    (folder / "utils.py").write_text("MODEL_REMAPPING = {}\n")
    (folder / "models/any.py").write_bytes(b"class Model:\n    x = 1\n" + data)
    assert support(str(folder), {"model_type": "any"}, "tensor").able in (None, False, True)
