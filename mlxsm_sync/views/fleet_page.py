"""The page of many machines as HTML: one file that loads nothing, runs nothing and sends nothing.

Names in it are other people's text. All that the template prints passes `_told`, and then is escaped.
"""

from __future__ import annotations

from functools import cache, lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.fleet_rows import Page

LONGEST = 600
"""So many characters of one text are shown."""


def html(page: Page) -> str:
    """The page as a browser shows it, also without a network."""
    return _template().render(page=page)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("mlxsm_sync.views"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_told,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("fleet.html.j2")


def _told(value: object) -> object:
    """What may stand on the page, as one line without secrets, in which everything can be seen.

    What a macro of the template made is finished already.
    """
    return value if hasattr(value, "__html__") else _line(str(value))


@lru_cache(maxsize=4096)
def _line(text: str) -> str:
    return visible(redacted(text, LONGEST))
