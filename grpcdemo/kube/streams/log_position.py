"""Where a reader is in a log, and how to find that place in a new stream, which repeats lines.

The lines themselves, with their timestamps, mark the place. Timestamps alone do not order a log: a clock may jump.
"""

from __future__ import annotations

import re
from collections import deque

from grpcdemo.kube.streams.log_lines import SECOND_NS, format_second, parse_line

REMEMBERED_BYTES = 256 * 1024

_LINE = re.compile(rb"^[0-9T:.Z+-]{20,35} .*\n", re.MULTILINE)
"""A line of the container. The kubelet's own messages have no timestamp."""


class Position:
    """The latest lines that were read, in order.

    It keeps those of the latest second, up to *remembered_bytes*, and always the latest piece. If a new stream
    repeats more than that, finding the place costs one more request, but no line.
    """

    def __init__(self, remembered_bytes: int = REMEMBERED_BYTES) -> None:
        self._remembered_bytes = remembered_bytes
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._size = 0

    def advance(self, piece: bytes) -> bool:
        """Record that *piece*, whole lines, was read; False if no line in it is the container's."""
        time_ns = last_time_ns(piece)
        if time_ns is None:
            return False
        self._pieces.append((time_ns, piece))
        self._size += len(piece)
        second_ns = time_ns // SECOND_NS * SECOND_NS
        while len(self._pieces) > 1 and (self._pieces[0][0] < second_ns or self._size > self._remembered_bytes):
            self._size -= len(self._pieces.popleft()[1])
        return True

    @property
    def is_known(self) -> bool:
        """Whether any line was read."""
        return bool(self._pieces)

    @property
    def second(self) -> str | None:
        """The second of the last line, in RFC 3339: `sinceTime` has no finer resolution."""
        return format_second(self._pieces[-1][0]) if self._pieces else None

    def is_after(self, piece: bytes) -> bool:
        """Whether the last line in *piece* is from a second before that of the last line that was read."""
        time_ns = last_time_ns(piece)
        return self.is_known and time_ns is not None and time_ns // SECOND_NS < self._pieces[-1][0] // SECOND_NS

    def repetition(self) -> Repetition:
        """What a new stream is expected to repeat."""
        return Repetition([line for _, piece in self._pieces for line in _LINE.findall(piece)])


class Repetition:
    """The part of a new stream that was read before: up to the last of the *remembered* lines, or less if some of
    them are gone from the log."""

    def __init__(self, remembered: list[bytes]) -> None:
        self._remembered = frozenset(remembered)
        self._awaited = deque(remembered)
        self._met = False

    def begins_with(self, piece: bytes) -> bool:
        """Whether the first line in *piece* is a remembered one."""
        return next(iter(_LINE.findall(piece)), None) in self._remembered

    def is_in(self, piece: bytes) -> bool:
        """Whether any line in *piece* is a remembered one."""
        return not self._remembered.isdisjoint(_LINE.findall(piece))

    def end(self) -> None:
        """Expect no repeated line from here on."""
        self._awaited.clear()

    def strip(self, piece: bytes) -> bytes:
        """*piece* without its repeated lines."""
        if not self._awaited:
            return piece
        lines = _LINE.findall(piece)
        for index, line in enumerate(lines):
            if not self._is_repeated(line):
                return b"".join(lines[index:])
        return b""

    def _is_repeated(self, line: bytes) -> bool:
        """Whether *line* is older than all remembered lines, or the next of them."""
        if not self._met:
            self._met = line in self._remembered
        while self._met and self._awaited:
            if self._awaited.popleft() == line:
                return True
        return not self._met


def last_time_ns(piece: bytes) -> int | None:
    """The timestamp of the last line in *piece* that has one."""
    end = len(piece)
    while end > 0:
        start = piece.rfind(b"\n", 0, end - 1) + 1
        if line := parse_line(piece[start:end]):
            return line.time_ns
        end = start
    return None
