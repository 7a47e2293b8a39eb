"""A file that will be written at the end of minutes of work: tried at once, and put in its place as a whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grpcdemo.errors import GrpcdemoError, UsageError


class Written:
    """The text that the file shall have; there is no file without one."""

    text: str | None = None


@contextlib.contextmanager
def written(path: Path | None) -> Iterator[Written]:
    """Write what the body sets as the text to *path*, also where the body fails after that; None is no file.

    Raises UsageError, before the body runs, where no file can be written there.
    """
    result = Written()
    if path is None:
        yield result
        return
    place = path.resolve()  # through a link to the file that it names
    try:
        if place.exists() and not place.is_file():
            raise UsageError(f"cannot write {path}: it is not a file", hint="name a file, such as report.html")
        number, draft = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        os.close(number)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that is there"
        ) from error
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


def _mode(place: Path) -> int:
    """That of the file that is there, or what this user's new files have."""
    if place.exists():
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
