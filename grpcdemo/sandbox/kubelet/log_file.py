"""The log of one run of a container: lines with timestamps in the CRI's format, in a rotated file.

    2026-01-01T12:00:00.123456789Z stdout F seq=1 code=OK …

`F` is a full line, `P` a part of one that is too long. A full file is renamed, and replaces the one renamed before
it; a reader that follows still gets both to the end.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

ROTATE_AT = 10 * 1024 * 1024  # a kubelet's default
LINE_LIMIT = 16 * 1024  # containerd's default
KEEP = 3 * ROTATE_AT
"""How many unread bytes a log keeps for a slow reader: they take space on the disk."""
SECOND_NS = 1_000_000_000

log = logging.getLogger(__name__)


class LogFile:
    """Writes the log, of output in pieces of any size. *rotate_at* and *keep* are in bytes; *clock* is in ns."""

    def __init__(
        self, path: Path, *, rotate_at: int = ROTATE_AT, keep: int = KEEP, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.path = path
        self.ended = False
        self.keep = keep
        self._rotate_at = rotate_at
        self.clock = clock
        self._size = 0
        self._rest = {"stdout": b"", "stderr": b""}
        self._followers: set[Follower] = set()
        self._failed = False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: BinaryIO = path.open("wb", buffering=0)

    @property
    def rotated(self) -> Path:
        return self.path.with_name(f"{self.path.name}.1")

    def write(self, stream: str, data: bytes) -> None:
        *lines, rest = (self._rest[stream] + data).split(b"\n")
        stamp = format_time(self.clock())
        written = [_format_line(stamp, stream, line) for line in lines]
        while len(rest) > LINE_LIMIT:
            written.append(f"{stamp} {stream} P ".encode() + rest[:LINE_LIMIT] + b"\n")
            rest = rest[LINE_LIMIT:]
        self._rest[stream] = rest
        self._append(b"".join(written))

    def close(self) -> None:
        """Write the rest of the output, and end the followers: the container has ended."""
        if self.ended:
            return
        stamp = format_time(self.clock())
        self._append(b"".join(_format_line(stamp, stream, rest) for stream, rest in self._rest.items() if rest))
        self._rest = {"stdout": b"", "stderr": b""}
        self.ended = True
        self._file.close()
        self._wake()

    def remove(self) -> None:
        """Delete the files; open readers can still read them to the end."""
        for path in (self.rotated, self.path):
            path.unlink(missing_ok=True)

    def open(self, *, follow: bool) -> Follower:
        """A reader of everything kept, from the beginning. Close it."""
        follower = Follower(self, [path.open("rb") for path in (self.rotated, self.path) if path.exists()])
        if follow and not self.ended:
            self._followers.add(follower)
        return follower

    def forget(self, follower: Follower) -> None:
        self._followers.discard(follower)

    def _append(self, data: bytes) -> None:
        if not data:
            return
        try:
            self._write_whole(data)
            if self._size >= self._rotate_at:
                self._rotate()
            self._failed = False
        except OSError as error:  # a full disk must not stop the container
            if not self._failed:
                log.error("cannot write %s: %s", self.path, error)
            self._failed = True
        self._wake()

    def _write_whole(self, data: bytes) -> None:
        """All of it or nothing: half a line would corrupt the next."""
        if self._file.write(data) != len(data):
            self._file.seek(self._size)
            self._file.truncate()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(data)

    def _rotate(self) -> None:
        self.path.rename(self.rotated)
        try:
            file = self.path.open("wb", buffering=0)
        except OSError:
            self.rotated.rename(self.path)
            raise
        self._file.close()
        self._file, self._size = file, 0
        for follower in self._followers:
            follower.add(self.path.open("rb"))

    def _wake(self) -> None:
        for follower in self._followers:
            follower.more.set()


class Follower:
    """A reader of a log, with the files it has yet to read, oldest first."""

    def __init__(self, source: LogFile, files: list[BinaryIO]) -> None:
        self._source = source
        self.files = deque(files)
        self.more = asyncio.Event()
        """Set when there is new output, or the container has ended."""

    @property
    def is_complete(self) -> bool:
        """Whether the container has ended."""
        return self._source.ended

    def add(self, file: BinaryIO) -> None:
        """Continue with *file* after the others. The file being read is never dropped."""
        self.files.append(file)
        while len(self.files) > 2 and sum(os.fstat(file.fileno()).st_size for file in self.files) > self._source.keep:
            self.files[1].close()
            del self.files[1]

    def read(self, size: int) -> bytes:
        """The next piece; empty if there is no more for now."""
        while self.files:
            if data := self.files[0].read(size):
                return data
            if len(self.files) == 1:
                break
            self.files.popleft().close()
        return b""

    def close(self) -> None:
        self._source.forget(self)
        for file in self.files:
            file.close()


def format_time(time_ns: int) -> str:
    """RFC 3339 in UTC, always with nine digits, so that the texts sort by time."""
    seconds, nanoseconds = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"


def _format_line(stamp: str, stream: str, line: bytes) -> bytes:
    head = f"{stamp} {stream} "
    parts = [line[at : at + LINE_LIMIT] for at in range(0, len(line), LINE_LIMIT)] or [b""]
    return b"".join(
        f"{head}{'F' if index == len(parts) - 1 else 'P'} ".encode() + part + b"\n" for index, part in enumerate(parts)
    )
