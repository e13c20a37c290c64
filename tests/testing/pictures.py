"""Pictures of what a command prints on a terminal: SVG in the colours of a light and of a dark one."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

THEMES = {
    "light": TerminalTheme(
        (255, 255, 255),
        (31, 35, 40),
        [
            (36, 41, 47),
            (207, 34, 46),
            (17, 99, 41),
            (122, 77, 0),
            (9, 105, 218),
            (130, 80, 223),
            (27, 124, 131),
            (110, 119, 129),
        ],
    ),
    "dark": TerminalTheme(
        (13, 17, 23),
        (230, 237, 243),
        [
            (72, 79, 88),
            (255, 123, 114),
            (63, 185, 80),
            (210, 153, 34),
            (88, 166, 255),
            (188, 140, 255),
            (57, 197, 207),
            (177, 186, 196),
        ],
    ),
}
"""The colours of GitHub's own pages, on which the pictures are seen most."""

_MARGIN = 14
# No font is fetched: whoever looks has one of these. Each run of letters is as long as the columns that it takes.
_FORMAT = """\
<svg class="terminal" viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg" role="img">
<style>
text {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="BACKGROUND"/>
<g transform="translate(14, 14)">
{backgrounds}
<g>
{matrix}
</g>
</g>
</svg>
"""


def shown(words: Sequence[str], folder: Path, environment: Mapping[str, str], columns: int) -> str:
    """What a command prints on a terminal of so many columns, with its escapes."""
    process = pexpect.spawn(
        words[0],
        [*words[1:]],
        cwd=str(folder),
        env={**environment, "TERM": "xterm-256color"},
        dimensions=(60, columns),
        encoding="utf-8",
    )
    out: str = process.read().replace("\r\n", "\n")
    process.close()
    return out


def svg(lines: str, columns: int, theme: str) -> str:
    """A picture of text with escapes, as it is seen on a terminal."""
    console = Console(
        record=True, width=columns, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(Text.from_ansi(lines.rstrip("\n")), soft_wrap=True)
    red, green, blue = THEMES[theme].background_color
    code = _FORMAT.replace("BACKGROUND", f"#{red:02x}{green:02x}{blue:02x}")
    drawn = console.export_svg(theme=THEMES[theme], code_format=code, unique_id="t")
    return re.sub(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', _with_margin, drawn, count=1)


def _with_margin(found: re.Match[str]) -> str:
    width, height = float(found[1]) + 2 * _MARGIN, float(found[2]) + 2 * _MARGIN
    return f'viewBox="0 0 {width:.1f} {height:.1f}" width="{width:.0f}"'
