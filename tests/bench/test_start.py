"""The start of a command: imports, options, the API's first answer."""

import sys
from pathlib import Path

import pytest

from tests.bench.ratio import command, median_ratio, report, timed
from tests.cli.commands import all_commands

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
    groups: dict[str, list[str]] = {}
    for group, command_name in (words for words in all_commands() if len(words) == 2):
        groups.setdefault(group, []).append(command_name)
    commands = [words[0] for words in all_commands()[1:] if words[0] not in groups]
    script = tmp_path / "empty.py"
    script.write_text(EMPTY.format(commands=commands, groups=groups), encoding="utf-8")
    ours, theirs = command("grpcdemo", "--help"), command(sys.executable, str(script), "--help")
    timed(ours), timed(theirs)
    ratio = median_ratio(lambda: timed(ours), lambda: timed(theirs), rounds=ROUNDS)
    report("grpcdemo --help / an empty Typer app", ratio, 1.2)


@pytest.mark.bench
def test_status_against_importing_the_official_client() -> None:
    ours = command("grpcdemo", "status")
    theirs = command(sys.executable, "-c", "import typer, rich, kubernetes.aio")
    timed(ours), timed(theirs)
    ratio = median_ratio(lambda: timed(ours), lambda: timed(theirs), rounds=ROUNDS)
    report("grpcdemo status / importing the official client", ratio, 1.2)
