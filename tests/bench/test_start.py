"""What a command costs before it does anything: imports, options, the first answer of the API."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grpcdemo.cli.app import app
from tests.bench.ratio import command, median_ratio, report, timed

ROUNDS = 31

EMPTY = """
import typer

def add(app, names):
    for name in names:
        def command():
            "Do it."
        app.command(name=name)(command)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
add(app, {commands!r})
for name, commands in {groups!r}.items():
    group = typer.Typer(help="Them.", no_args_is_help=True, rich_markup_mode=None)
    add(group, commands)
    app.add_typer(group, name=name)
app()
"""


@pytest.mark.bench
def test_help_against_an_empty_app_with_as_many_commands(tmp_path: Path) -> None:
    commands = [found.callback.__name__ for found in app.registered_commands if found.callback]
    groups = {
        str(group.name): [
            found.callback.__name__ for found in group.typer_instance.registered_commands if found.callback
        ]
        for group in app.registered_groups
        if group.typer_instance
    }
    script = tmp_path / "empty.py"
    script.write_text(EMPTY.format(commands=commands, groups=groups), encoding="utf-8")
    ours, theirs = command("grpcdemo", "--help"), command(sys.executable, str(script), "--help")
    timed(ours), timed(theirs)
    ratio = median_ratio(lambda: timed(ours), lambda: timed(theirs), rounds=ROUNDS)
    report("grpcdemo --help / an empty Typer app", ratio, 1.2)


@pytest.mark.bench
def test_status_against_importing_the_client() -> None:
    ours = command("grpcdemo", "status")
    theirs = command(sys.executable, "-c", "import typer, rich, kubernetes.aio")
    timed(ours), timed(theirs)
    ratio = median_ratio(lambda: timed(ours), lambda: timed(theirs), rounds=ROUNDS)
    report("grpcdemo status / importing what it needs", ratio, 1.4)
