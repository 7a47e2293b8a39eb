"""A file that is written after minutes of work: checked before the work, and moved into place as a whole.

The name `-` stands for stdout, on which nothing else is written then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grpcdemo.cli.output import console, show_page
from grpcdemo.errors import DISK_ERRORS, GrpcdemoError, UsageError

STDOUT = Path("-")
ELSEWHERE = "name a file in an existing directory"


@dataclass
class Written:
    """The file's text. Without one, no file is written."""

    is_wanted: bool
    """Whether there is a file at all."""
    takes_stdout: bool
    text: str | None = None


def check_stdout(path: Path | None, form: Enum, *, table: Enum) -> None:
    """Raises UsageError if both the file and the result are for stdout. A *table* gives way to the file."""
    if path == STDOUT and form is not table:
        raise UsageError(
            f"--report - and --output {form.value} both write to stdout", hint="name a file for the report"
        )


@contextlib.contextmanager
def written(path: Path | None) -> Iterator[Written]:
    """Write the text that the body sets to *path*, even if the body then fails. Without a *path*, write nothing.

    Raises UsageError before the body runs if no file can be written there, GrpcdemoError if the disk is full.
    """
    result = Written(is_wanted=path is not None, takes_stdout=path == STDOUT)
    if path is None:
        yield result
        return
    if result.takes_stdout:
        try:
            yield result
        finally:
            show_page(result.text or "")
        return
    try:
        place = path.resolve()  # the target of a symbolic link, not the link
        if place.exists() and not place.is_file():
            raise UsageError(f"cannot write {path}: it is not a file", hint="name a file, such as report.html")
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        number, draft = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        os.close(number)
    except RuntimeError as error:  # before Python 3.13: a link that leads to itself
        raise UsageError(f"cannot write {path}: {os.strerror(errno.ELOOP)}", hint=ELSEWHERE) from error
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise GrpcdemoError(f"cannot write {path}: {error.strerror}") from error
        raise UsageError(f"cannot write {path}: {error.strerror}", hint=ELSEWHERE) from error
    try:
        yield result
    finally:
        _finish(result, Path(draft), place)


def _finish(result: Written, draft: Path, place: Path) -> None:
    if result.text is None:
        draft.unlink()
        return
    try:
        draft.write_text(result.text, encoding="utf-8")
        draft.chmod(_mode(place))
        draft.replace(place)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise GrpcdemoError(f"cannot write {place}: {error.strerror}") from error
    console(stderr=True).print(f"written to {place}", soft_wrap=True)


def _mode(place: Path) -> int:
    """That of the existing file, or of this user's new files."""
    if place.exists():
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
