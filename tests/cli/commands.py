"""The commands that there are, found in the application itself, so that a new one is tested too."""

from __future__ import annotations

import typer.main
from typer import Typer

from grpcdemo.cli.app import app


def all_commands() -> list[tuple[str, ...]]:
    """The words of every command and every group of commands."""
    return [(), *_below(app, ())]


def _below(part: Typer, before: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for command in part.registered_commands:
        assert command.callback
        found.append((*before, command.name or typer.main.get_command_name(command.callback.__name__)))
    for group in part.registered_groups:
        assert group.name
        assert group.typer_instance
        found += [(*before, group.name), *_below(group.typer_instance, (*before, group.name))]
    return found


TO_THE_CLUSTER = (
    ("demo",),
    ("up",),
    ("istio", "on"),
    ("istio", "off"),
    ("istio", "status"),
    ("observe",),
    ("status",),
    ("cleanup",),
)
CHANGING = (("demo",), ("up",), ("istio", "on"), ("istio", "off"), ("cleanup",))
