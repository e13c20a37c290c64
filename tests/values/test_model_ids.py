"""Which model IDs a server can load, and what to write instead of the others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values.model_ids import can_be_served, model_fault

UNSEEN = {
    chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
}


def _is_hub_name(text: str) -> bool:
    """By the Hub's rules as people read them, one after the other."""
    parts = text.split("/")
    return (
        len(parts) <= 2
        and all(1 <= len(part) <= 96 for part in parts)
        and all(re.fullmatch("[A-Za-z0-9._-]+", part) is not None for part in parts)
        and all(part[0] not in "-." and part[-1] not in "-." for part in parts)
        and "--" not in text
        and ".." not in text
        and not text.endswith(".git")
    )


def _is_path(text: str) -> bool:
    """A path from the root, the file's folder, the one above, or home, that names something."""
    if not text.startswith(("/", "./", "../", "~/")):
        return False
    steps = text.split("/")[1:]
    variable = (
        "${" in text or "$(" in text or any(re.fullmatch(r"\$[A-Za-z_][A-Za-z0-9_]*", one) for one in steps)
    )
    return any(one not in ("", ".", "..") for one in steps) and not variable and not UNSEEN & {*text}


# What model IDs and the texts that people write for them are made of; white space around is cut off.
_PIECES = [
    "org",
    "name",
    "a",
    "Q3.5",
    "-",
    "--",
    ".",
    "..",
    "/",
    "/",
    "//",
    "./",
    "../",
    "~",
    "~/",
    "~me/",
    "\\",
]
_PIECES += [
    "https://",
    "huggingface.co/",
    "hf.co/",
    "hf://",
    "file://",
    "models/",
    "tree/main",
    "?x=1",
    "#y",
    "@main",
]
_PIECES += [
    ":4bit",
    "${HOME}",
    "$HOME",
    "$",
    "(",
    "%20",
    " ",
    "\t",
    "é",
    "\u200b",
    "\u202e",
    "C:",
    ".git",
    "x" * 96,
    "_",
]
_made = st.lists(st.sampled_from(_PIECES), max_size=6).map("".join)


@given((_made | st.text(max_size=20)).map(str.strip))
def test_a_model_is_on_the_hub_or_in_a_folder(text: str) -> None:
    assert can_be_served(text) == (_is_hub_name(text) or _is_path(text))
    assert (model_fault(text) is None) == can_be_served(text)


@given(_made)
def test_what_is_advised_can_be_served(text: str) -> None:
    told = model_fault(text) or ""
    for advised in re.findall(r"(?:: write|such as) (\S+)", told):
        assert can_be_served(advised.strip('",')), told


GOOD = [
    *(
        "name",
        "org/name",
        "mlx-community/Qwen3-4B-4bit",
        " org/name ",
        "a/b.c_d-e",
        "_a",
        "0",
        "x" * 96,
        "x" * 96 + "/" + "y" * 96,
    ),
    *(
        "/m",
        "/m/",
        "./m",
        "../m",
        "../../m",
        "~/m",
        "~/My Models/Qwen 3",
        "/Volumes/Ext/ümlaut/x",
        "/models/a$b",
        "//server/m",
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_can_be_served(text: str) -> None:
    assert model_fault(text) is None


_HUB = "must be the name that the Hub has, not an address"
_OUT = "must be written out, since variables are not expanded"
_FOLDER = "must name the model's own folder, such as ~/models/name"
_CHARACTERS = (
    "must be a Hub name such as org/name, or a path that begins with /, ./, ../ or ~/; "
    "names have letters, digits, -, _ and . only"
)
_HUBS_RULES = (
    "must be a name that the Hub can have: at most 96 characters in each part, "
    "none begins or ends with - or ., and -- and .. are in none"
)
WRONG = {
    "": "must not be blank: it is a Hub name such as org/name, or a path that begins with /, ./, ../ or ~/",
    "  ": "must not be blank: it is a Hub name such as org/name, or a path that begins with /, ./, ../ or ~/",
    "-m": "must not start with '-': the server would take it for an option",
    "https://huggingface.co/mlx/q": f"{_HUB}: write mlx/q",
    "https://huggingface.co/mlx/q/tree/main": f"{_HUB}: write mlx/q",
    "https://huggingface.co/mlx/q/blob/main/config.json": f"{_HUB}: write mlx/q",
    "HTTPS://HF.CO/mlx/q?download=true#top": f"{_HUB}: write mlx/q",
    "https://user@huggingface.co/mlx/q.git": f"{_HUB}: write mlx/q",
    "https://huggingface.co/api/models/mlx/q": f"{_HUB}: write mlx/q",
    "https://hf-mirror.com/mlx/q/": f"{_HUB}: write mlx/q",
    "huggingface.co/mlx/q": f"{_HUB}: write mlx/q",
    "www.huggingface.co/mlx/q": f"{_HUB}: write mlx/q",
    "git@hf.co:mlx/q": f"{_HUB}: write mlx/q",
    "hf://mlx/q": f"{_HUB}: write mlx/q",
    "hf://models/mlx/q@main": f"{_HUB}: write mlx/q",
    "huggingface:mlx/q": f"{_HUB}: write mlx/q",
    "https://huggingface.co/mlx": f"{_HUB}, such as org/name",
    "https://huggingface.co/datasets/mlx/q": f"{_HUB}, such as org/name",
    "http://localhost:8080/v1": f"{_HUB}, such as org/name",
    "ollama://qwen:4b": f"{_HUB}, such as org/name",
    "file:///m/q": "must be a path, not an address: write /m/q",
    "file:": "must be a path, not an address, such as ~/models/name",
    "file:///m/my q": 'must be a path, not an address: write "/m/my q"',
    "${MODEL}": f"{_OUT}, such as ~/models/name",
    "$MODEL": f"{_OUT}, such as ~/models/name",
    "org/$NAME": f"{_OUT}, such as ~/models/name",
    "$HOME/m/q": f"{_OUT}: write ~/m/q",
    "${HOME}/m/q": f"{_OUT}: write ~/m/q",
    "/Users/${USER}/q": f"{_OUT}, such as ~/models/name",
    "/$HOME/q": f"{_OUT}, such as ~/models/name",
    "~": "must begin with ~/ for the home folder, such as ~/models/name",
    "~me/q": "must begin with ~/ for the home folder: write ~/q",
    ".": _FOLDER,
    "..": _FOLDER,
    "./": _FOLDER,
    "../..": _FOLDER,
    "/": _FOLDER,
    "~/": _FOLDER,
    "/m/\tq": "must not contain invisible characters",
    "./\u202eq": "must not contain invisible characters",
    "C:\\m\\q": "must be a path of macOS or Linux, such as ~/models/name",
    "D:/m/q": "must be a path of macOS or Linux, such as ~/models/name",
    ".\\m\\q": "must be written with / for each backslash: write ./m/q",
    "mlx\\q": "must be written with / for each backslash, such as org/name",
    "mlx/my q": "must not contain white space, such as org/name",
    "mlx/q@main": "must not name a revision, since the server loads the main branch: write mlx/q",
    "mlx/q@sha256:ff": "must not name a revision, since the server loads the main branch: write mlx/q",
    "@q": "must not name a revision, since the server loads the main branch, such as org/name",
    "mlx/q:4bit": "must not name a tag, since names of the Hub have none: write mlx/q",
    "q:latest": "must not name a tag, since names of the Hub have none: write q",
    "mlx/q.git": "must be the name alone, without .git: write mlx/q",
    "mlx/q/": "must have no / but the one between org and name: write mlx/q",
    "mlx//q": "must have no / but the one between org and name: write mlx/q",
    "mlx/": "must have no / but the one between org and name, such as org/name",
    "models/mlx/q": "must be org/name: write ./models/mlx/q for a folder beside this file, or org/name",
    "mlx/q/tree/main": "must be org/name: write mlx/q",
    f"a/b/{'x' * 200}": "must be org/name, such as org/name",
    "mlx/q%20x": _CHARACTERS,
    "mlx/é": _CHARACTERS,
    "'mlx/q'": _CHARACTERS,
    "mlx/q\u200b": _CHARACTERS,
    "a--b": _HUBS_RULES,
    "mlx/a..b": _HUBS_RULES,
    ".mlx/q": _HUBS_RULES,
    "mlx/q-": _HUBS_RULES,
    "x" * 97: _HUBS_RULES,
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_served_is_told_what_to_write(text: str) -> None:
    assert model_fault(text) == WRONG[text]
