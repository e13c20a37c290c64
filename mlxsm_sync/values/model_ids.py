"""What a server can load: a repository of the Hugging Face Hub, or a folder on this machine."""

from __future__ import annotations

import json
import re
from functools import cache

_END = r"(?![\s\S])"  # the end of the text: `$` would let a last line break through
_WHITE = r"\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_LAST = f"[{_WHITE}]*{_END}"
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"

# huggingface_hub 2.4.0, `utils/_validators.py`, and what the Hub itself lets people make.
_PART = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_HUB = rf"(?![\s\S]*(?:--|\.\.|\.git{_LAST})){_PART}(?:/{_PART})?"
_PATH = (
    rf"(?![\s\S]*(?:\$[{{(]|/\$[A-Za-z_][A-Za-z0-9_]*(?:/|{_LAST})))"
    r"(?:~|\.{1,2})?/"
    # Somewhere in it is a name: / and ../.. are no model's folder.
    rf"(?:\.{{0,2}}/)*(?!\.{{0,2}}(?:/|{_LAST}))[^{_UNSEEN}]*"
)
PATTERN = f"^[{_WHITE}]*(?:{_HUB}|{_PATH}){_LAST}"
"""Python and ECMAScript read it alike."""
SHAPE = "a Hub name such as org/name, or a path that begins with /, ./, ../ or ~/"

_SITES = r"(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com|modelscope\.cn|modelscope\.ai)"
_SCHEME = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*):/*")
# A repository is `name` or `org/name`; what starts like a path, or is nested deeper, is a folder.
_LOCAL = (
    rf"(?!(?![Ff][Ii][Ll][Ee]:)[A-Za-z][A-Za-z0-9+.-]+://|(?i:{_SITES}/))"
    r"(?:[/~.\\]|[A-Za-z]:[/\\]|[^/]*/[^/]*/[\s\S]|[Ff][Ii][Ll][Ee]:)"
)
_EXAMPLE = "~/models/name"
_LONGEST_ADVICE = 160


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def can_be_served(model_id: str) -> bool:
    """Whether this is a name of the Hub, or a path that can be found from the file or the home folder."""
    return _compiled(PATTERN).match(model_id) is not None


def is_local_path(model_id: str) -> bool:
    """Whether a model ID names a folder of this machine, also in a way that no server finds it.

    An address is none, and neither is a name of the Hub that ends with a slash.
    """
    return _compiled(_LOCAL).match(model_id) is not None


def is_path(model_id: str) -> bool:
    """Whether a model ID names a folder in so many words."""
    return re.match(r"(?:~|\.{1,2})?/", model_id) is not None


def model_fault(text: str) -> str | None:
    """Why no server can load this, and what to write instead; None where one can."""
    model_id = text.strip()
    if can_be_served(model_id):
        return None
    if not model_id:
        return f"must not be blank: it is {SHAPE}"
    if model_id.startswith("-"):
        return "must not start with '-': the server would take it for an option"
    return _about_a_path(model_id) if is_path(model_id) else _about_a_name(model_id)


def _about_a_path(path: str) -> str:
    if re.search(r"\$[{(]|/\$[A-Za-z_][A-Za-z0-9_]*(?:/|\Z)", path):
        return f"must be written out, since variables are not expanded, such as {_EXAMPLE}"
    if re.search(f"[{_UNSEEN}]", path):
        return "must not contain invisible characters"
    return f"must name the model's own folder, such as {_EXAMPLE}"


def _about_a_name(model_id: str) -> str:
    if "$" in model_id:
        home = re.match(r"\$(?:HOME|\{HOME\})/", model_id)
        meant = f"~/{model_id[home.end() :]}" if home else None
        return "must be written out, since variables are not expanded" + _write(meant, _EXAMPLE)
    if model_id in (".", ".."):
        return f"must name the model's own folder, such as {_EXAMPLE}"
    if model_id.startswith("~"):
        return "must begin with ~/ for the home folder" + _write(f"~/{model_id.partition('/')[2]}", _EXAMPLE)
    if re.match(r"[A-Za-z]:[/\\]", model_id):
        return f"must be a path of macOS or Linux, such as {_EXAMPLE}"
    if "\\" in model_id:
        slashes = model_id.replace("\\", "/")
        return "must be written with / for each backslash" + _write(slashes if is_path(slashes) else None)
    if address := _about_an_address(model_id):
        return address
    return _about_a_hub_name(model_id)


def is_address(text: str) -> bool:
    """Whether it is the address of a page or a download rather than a name or a path."""
    return not is_path(text) and _about_an_address(text) is not None


def _about_an_address(text: str) -> str | None:
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "file":
        return "must be a path, not an address" + _write(f"/{text[scheme.end() :]}", _EXAMPLE)
    at_a_site = re.match(rf"(?:[^/@]*@)?{_SITES}[/:]", text, re.IGNORECASE)
    if at_a_site or (scheme and "/" in text[scheme.end(1) :]):
        return "must be the name that the Hub has, not an address" + _write(_repository(text))
    return None


def _about_a_hub_name(model_id: str) -> str:
    if re.search(r"\s", model_id):
        return "must not contain white space" + _write(None)
    name, mark, _ = (
        re.split("([@:])", model_id, maxsplit=1) if re.search("[@:]", model_id) else (model_id, "", "")
    )
    if mark == "@":
        return "must not name a revision, since the server loads the main branch" + _write(name)
    if mark:
        return "must not name a tag, since names of the Hub have none" + _write(name)
    if model_id.endswith(".git"):
        return "must be the name alone, without .git" + _write(model_id.removesuffix(".git"))
    parts = [part for part in model_id.split("/") if part]
    if len(parts) > 2:
        folder = f"./{'/'.join(parts)} for a folder beside this file, or org/name"
        of_a_page = parts[2] in ("tree", "blob", "resolve", "raw", "main")
        return "must be org/name" + _write("/".join(parts[:2]) if of_a_page else folder)
    if model_id.count("/") + 1 != len(parts):
        return "must have no / but the one between org and name" + _write(
            "/".join(parts) if parts[1:] else None
        )
    if re.fullmatch(r"[A-Za-z0-9_./-]+", model_id):
        return (
            "must be a name that the Hub can have: at most 96 characters in each part, "
            "none begins or ends with - or ., and -- and .. are in none"
        )
    return f"must be {SHAPE}; names have letters, digits, -, _ and . only"


def _write(meant: str | None, example: str = "org/name") -> str:
    """What to write, where it is plain what was meant and can be served; else an example."""
    if meant and len(meant) < _LONGEST_ADVICE and can_be_served(meant.partition(" for ")[0]):
        text, _, more = meant.partition(" for ")
        quoted = text if re.fullmatch(r"[A-Za-z0-9_./~-]+", text) else json.dumps(text, ensure_ascii=False)
        return f": write {quoted}{' for ' if more else ''}{more}"
    return f", such as {example}"


def _repository(address: str) -> str | None:
    """The repository that an address of a web page or a download is about, else None."""
    rest = re.sub(r"\A[^/@]*@", "", _SCHEME.sub("", address))
    if not re.match("(?:hf|huggingface):", address, re.IGNORECASE):
        if not re.match(_SITES, rest, re.IGNORECASE):
            return None
        rest = re.split("[/:]", rest, maxsplit=1)[-1]
    rest = re.sub(r"\A(?:api/)?models?/", "", re.split("[?#]", rest)[0].strip("/"))
    parts = [part for part in re.split("[@:]", rest)[0].split("/") if part]
    if len(parts) < 2 or parts[0] in ("api", "datasets", "spaces", "collections", "docs", "blog"):
        return None
    return f"{parts[0]}/{parts[1].removesuffix('.git')}"
