"""Commands whose modules are imported when they are called: help and completion need names and summaries alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from grpcdemo.cli.layout import write_examples, write_options
from grpcdemo.cli.leading import behind_the_command
from grpcdemo.cli.usage import missing_command, no_such_command, told_of, unexpected_argument
from grpcdemo.errors import ExitCode

SERVICE = re.compile(r"(svc|services?)/|-A$|--all-namespaces$")
"""What names a Service, or all of them."""


class Command(TyperCommand):
    """A command that says in our words what was typed in vain, and shows examples."""

    allow_extra_args = True
    examples: Mapping[str, str] = {}

    def format_options(self, ctx: Any, formatter: Any) -> None:
        params: list[Any] = self.get_params(ctx)
        arguments = [record for param in params if (record := _argument_help(param, ctx))]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        options = [param for param in params if param.param_type_name == "option"]
        records = [(getattr(param, "rich_help_panel", None), param.get_help_record(ctx)) for param in options]
        write_options(formatter, [(heading, record) for heading, record in records if record])
        if self.examples:
            write_examples(formatter, self.examples)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with told_of(ctx):
            rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise unexpected_argument(ctx.command_path, rest[0])
        return rest


def _argument_help(param: Any, ctx: Any) -> tuple[str, str] | None:
    record: tuple[str, str] | None = param.get_help_record(ctx) if param.param_type_name == "argument" else None
    return record


class LazyGroup(TyperGroup):
    """The commands in the table COMMANDS of *package*: each is the function NAME of the module NAME, or a package."""

    def __init__(self, *, package: str = "grpcdemo.cli", **settings: Any) -> None:
        super().__init__(**settings)
        self._package = package
        self._hidden: dict[str, str] = getattr(import_module(package), "HIDDEN", {})
        self._of_a_service: dict[str, str] = getattr(import_module(package), "OF_A_SERVICE", {})
        for heading, summaries in import_module(package).COMMANDS.items():
            for name, summary in summaries.items():
                self.add_command(TyperCommand(name, help=summary, rich_help_panel=heading))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without any, show what there is. Options of a command may stand before its name, as with kubectl."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(ExitCode.USAGE)
        words = behind_the_command(args)
        if not words and not ctx.resilient_parsing:
            raise missing_command(ctx.command_path)
        with told_of(ctx):
            return super().parse_args(ctx, words)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        args = [self._meant(args), *args[1:]]
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise no_such_command(ctx.command_path, args[0], self.commands)
        name, listed, rest = super().resolve_command(ctx, args)
        return name, self._load(listed) if listed else None, rest

    def _meant(self, args: list[str]) -> str:
        """The command for the first word."""
        name = args[0]
        if name in self._of_a_service and any(SERVICE.match(word) for word in args[1:]):
            return self._of_a_service[name]
        return self._hidden.get(name, name)

    def _load(self, listed: Any) -> Any:
        path = f"{self._package}.{listed.name}"
        module = import_module(path)
        if hasattr(module, "COMMANDS"):
            return LazyGroup(package=path, name=listed.name, help=listed.help, rich_markup_mode=None)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(listed.name, cls=Command)(getattr(module, listed.name))
        command = typer.main.get_command(alone)
        command.examples = getattr(module, "EXAMPLES", {})  # type: ignore[attr-defined]  # it is a Command
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        listed: list[Any] = list(self.commands.values())
        width = max(len(command.name) for command in listed)
        for heading, commands in groupby(listed, lambda command: command.rich_help_panel):
            with formatter.section(heading):
                formatter.write_dl([(command.name.ljust(width), command.help) for command in commands])
