"""The command line as a whole, and `main`: the only place that prints an error or picks an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from grpcdemo import __version__
from grpcdemo.cli.invocation import Invocation
from grpcdemo.cli.lazy import LazyGroup
from grpcdemo.cli.usage import UsageProblem, translate
from grpcdemo.errors import DISK_ERRORS, USERS_ERRORS, ExitCode, GrpcdemoError, UsageError

app = typer.Typer(
    name="grpcdemo",
    cls=LazyGroup,
    help=(
        "Show and measure that a gRPC client stays on one pod without Istio, and is balanced with it.\n\n"
        "Start here: `grpcdemo demo` runs the demo, `grpcdemo diagnose svc/NAME` examines your own Service."
    ),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"grpcdemo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    invocation = Invocation(tuple(sys.argv[1:] if arguments is None else arguments))
    try:
        code = _run(invocation)
        sys.stdout.flush()
    except GrpcdemoError as error:
        code = int(error.exit_code)
        _tell(_indent(error.message), invocation.word(error.hint) if error.hint else None)
    except BrokenPipeError:
        code = int(ExitCode.FAILED)
    except OSError as error:
        if error.errno not in DISK_ERRORS | USERS_ERRORS:
            raise
        code = int(ExitCode.FAILED)
        _tell(_describe(error))
    _drop_unwritten()
    return code


def _describe(error: OSError) -> str:
    if error.errno in DISK_ERRORS:
        return f"cannot write {error.filename or 'the output'}: {error.strerror}"
    return f"cannot use {error.filename}: {error.strerror}" if error.filename else str(error.strerror)


def _tell(message: str, hint: str | None = None) -> None:
    """Print an error on stderr. What prints is imported now: help needs less time than that."""
    import_module("grpcdemo.cli.failure").tell(message, hint)


def _drop_unwritten() -> None:
    """Python flushes both streams again at exit, and must not fail then: the reader may be gone, the disk full."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _indent(message: str) -> str:
    """*message*, which may quote others, with its further lines indented and nothing in it that a terminal obeys."""
    lines = [line.rstrip() for line in message.expandtabs(4).splitlines() if line.strip()]
    text = "\n  ".join(lines)
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


def _require_home() -> None:
    """Raise UsageError if Typer would change a shell's start file beside the home folder."""
    if not Path(os.environ.get("HOME", "/")).is_absolute():
        raise UsageError(
            "cannot install completion: HOME is not an absolute path",
            hint="set it, or use `grpcdemo --show-completion`",
        )


def _run(invocation: Invocation) -> int:
    """Run it; Typer ends some of its own options by raising SystemExit."""
    if "--install-completion" in invocation.arguments:
        _require_home()
    try:
        code = app(args=list(invocation.arguments), prog_name="grpcdemo", obj=invocation, standalone_mode=False)
    except UsageProblem as problem:
        raise translate(problem) from problem
    except SystemExit as end:
        code = end.code
    return int(code or ExitCode.DONE)
