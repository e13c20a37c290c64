"""How a command explains itself."""

from __future__ import annotations

import click


def explanation(ctx: click.Context) -> str:
    """The help of a command: what it is for, examples, and then every option."""
    formatter, command = ctx.make_formatter(), ctx.command
    command.format_usage(ctx, formatter)
    command.format_help_text(ctx, formatter)
    command.format_epilog(ctx, formatter)
    command.format_options(ctx, formatter)
    return formatter.getvalue()


def say(ctx: click.Context, text: str) -> None:
    """Print it, and end with success."""
    click.echo(text.rstrip("\n"))
    ctx.exit(0)
