"""A command that has commands of its own, whose words are looked at as those of any other are."""

from __future__ import annotations

import click

from mlxsm_sync.cli.explaining import explanation, say
from mlxsm_sync.cli.words import asks_for_help, behind_the_command, refuse_unknown
from mlxsm_sync.errors import UsageError
from mlxsm_sync.text.suggest import slip_of
from mlxsm_sync.text.unicode import visible


class Subcommands(click.Group):
    """`mlxsm NAME COMMAND`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = behind_the_command(args)
        if not args and not ctx.resilient_parsing:
            raise UsageError(f"{ctx.command_path} needs a command", self._those(ctx))
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing:  # completion says nothing of what is wrong
            return super().resolve_command(ctx, args)
        word, *rest = args
        command = self.get_command(ctx, word)
        if command is None:
            guess = slip_of(word, self.commands)
            raise UsageError(
                f"there is no command {ctx.command_path} {visible(word)}", guess or self._those(ctx)
            )
        if asks_for_help(command, rest):
            with command.make_context(word, [], parent=ctx, resilient_parsing=True) as own:
                say(ctx, explanation(own))
        refuse_unknown(command, f"{self.name} {word}", rest)
        return word, command, rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(explanation(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.short_help or "") for name, one in self.commands.items()])
        click.Command.format_options(self, ctx, formatter)

    def _those(self, ctx: click.Context) -> str:
        return f"it has {', '.join(self.commands)}; see {ctx.command_path} --help"
