"""Running the programs that handle images: a line of progress, or everything they print."""

import contextlib
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import TypeVar

import typer

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.options import Format
from grpcdemo.cli.output import Progress, show_document
from grpcdemo.steps.images.shell import Shell

T = TypeVar("T")


def run_programs(work: Callable[[Shell], Coroutine[None, None, T]], *, dry_run: bool, verbose: bool) -> T | None:
    """The result of *work*; None after a dry run."""
    progress = Progress()
    line = partial(typer.echo, err=True) if verbose else lambda line: None
    shell = Shell(report=progress.report, line=line, dry_run=typer.echo if dry_run else None)
    # Lines that scroll would tear a line that is redrawn in place.
    with contextlib.nullcontext() if verbose or dry_run else progress:
        result = run(work(shell), if_interrupted="nothing is half done: run the same command again")
    return None if dry_run else result


def print_names(kind: str, names: Iterable[object] | None, output: Format) -> None:
    """Print a line for each of the *names*, or one document with all; nothing after a dry run."""
    if names is not None and output is Format.JSON:
        show_document({kind: [str(name) for name in names]})
    else:
        print_lines(names)


def print_lines(lines: Iterable[object] | None) -> None:
    for line in lines or ():
        typer.echo(line)
