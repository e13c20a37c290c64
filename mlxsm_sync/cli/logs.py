"""`mlxsm logs`: what servers write, without the lines about our own questions."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import click

from mlxsm_sync.characters import visible
from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import shown
from mlxsm_sync.cli.runtime import by_name, run_files
from mlxsm_sync.errors import ServerTrouble

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_LINES = 100
_COLOURS = (36, 33, 32, 35, 34, 31)


@click.command(
    epilog="""\b
Examples:
  mlxsm logs Qwen             its last lines
  mlxsm logs Qwen Coder -f    follow two of them
  mlxsm logs Qwen -n 1000     more
Next: mlxsm ps."""
)
@options.some_names
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they come, until Ctrl-C.")
@click.option(
    "-n",
    "lines",
    type=click.IntRange(min=0),
    default=DEFAULT_LINES,
    show_default=True,
    help="How many.",
)
@options.state
@options.text_only
@click.pass_obj
def logs(shared: Shared, names: tuple[str, ...], follow: bool, lines: int) -> None:
    """Show what servers write, or follow it. A server's log begins anew with each start."""
    files = run_files(shared)
    from mlxsm_sync.log_files import tail

    entries = by_name(shared.store.read(), names)
    paths = {entry.name: files.log_path(entry.id) for entry in entries}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing and not follow:
        raise ServerTrouble(f'there is no log of "{missing[0]}"', "mlxsm up starts its server")
    prefixes = _prefixes(shared, [*paths])
    ends: dict[str, int] = {}
    for name, path in paths.items():
        # More are read than asked for, since lines about our own questions are left out.
        found = tail(path, lines * 4 + 50 if lines else 0)
        ends[name] = found.end
        _print(prefixes[name], _own(found.lines)[-lines:])
    if follow:
        _follow(paths, ends, prefixes)


def _own(lines: Iterable[str]) -> list[str]:
    from mlxsm_sync.log_text import without_probes

    return [*without_probes(lines)]


def _follow(paths: dict[str, Path], ends: dict[str, int], prefixes: dict[str, str]) -> None:
    """Show what comes; one thread reads each log, and one writes, so that no line is cut by another."""
    lines: SimpleQueue[tuple[str, list[str]]] = SimpleQueue()
    for name, path in paths.items():
        Thread(target=_read, args=(name, path, ends[name], lines), daemon=True).start()
    while True:
        try:
            name, new = lines.get(timeout=1)
        except Empty:
            continue
        _print(prefixes[name], _own(new))
        sys.stdout.flush()


def _read(name: str, path: Path, start: int, lines: SimpleQueue[tuple[str, list[str]]]) -> None:
    from mlxsm_sync.log_files import follow

    for new in follow(path, start, alive=lambda: True):
        if new:
            lines.put((name, new))


def _prefixes(shared: Shared, names: list[str]) -> dict[str, str]:
    """What stands before the lines of each, where there are several."""
    if len(names) == 1:
        return {names[0]: ""}
    width = max(len(visible(name)) for name in names)
    colour = shared.output.style(sys.stdout).colour
    prefixes = {}
    for number, name in enumerate(names):
        text = f"{visible(name):<{width}} | "
        code = _COLOURS[number % len(_COLOURS)]
        prefixes[name] = f"\x1b[{code}m{text}\x1b[0m" if colour else text
    return prefixes


def _print(prefix: str, lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(f"{prefix}{shown(line)}", color=True)
