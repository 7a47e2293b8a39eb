"""How far a log was read, and finding that place again in a new stream, which begins with lines that were read.

The place is known by the lines themselves, their times being a part of them, and by nothing else: times do not
order the lines of a log, because a clock may jump.
"""

from __future__ import annotations

import re
from collections import deque

from grpcdemo.kube.log_lines import SECOND_NS, format_second, parse_line

REMEMBERED = 256 * 1024
"""How many bytes of the latest lines are kept, at least one piece and at most those of the latest second. Fewer
than a new stream repeats cost a question to the API, but no line."""

_LINE = re.compile(rb"^[0-9T:.Z+-]{20,35} .*\n", re.MULTILINE)
"""A line of the log. What the kubelet itself says in between has no time."""


class Position:
    """The latest lines that were read, in their order."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._size = 0

    def advance(self, piece: bytes) -> None:
        """Take note that *piece*, whole lines, was read."""
        time_ns = _last_time_ns(piece)
        if time_ns is None:
            return
        self._pieces.append((time_ns, piece))
        self._size += len(piece)
        second_ns = time_ns // SECOND_NS * SECOND_NS
        while len(self._pieces) > 1 and (self._pieces[0][0] < second_ns or self._size > REMEMBERED):
            self._size -= len(self._pieces.popleft()[1])

    @property
    def is_known(self) -> bool:
        """Whether any line was read."""
        return bool(self._pieces)

    @property
    def second(self) -> str | None:
        """The second of the last line: the API knows no finer time to begin at."""
        return format_second(self._pieces[-1][0]) if self._pieces else None

    def repetition(self) -> Repetition:
        return Repetition([line for _, piece in self._pieces for line in _LINE.findall(piece)])


class Repetition:
    """The part of a new stream that was read before. It ends with the first line after one of *remembered* that
    is none of them."""

    def __init__(self, remembered: list[bytes]) -> None:
        self._remembered = frozenset(remembered)
        self._awaited = deque(remembered)
        self._met = False

    def begins_with(self, piece: bytes) -> bool:
        """Whether the first line in *piece* is one that is remembered."""
        return next(iter(_LINE.findall(piece)), None) in self._remembered

    def is_in(self, piece: bytes) -> bool:
        return not self._remembered.isdisjoint(_LINE.findall(piece))

    def end(self) -> None:
        """The stream repeats nothing."""
        self._awaited.clear()

    def strip(self, piece: bytes) -> bytes:
        """What of *piece* is new."""
        if not self._awaited:
            return piece
        lines = _LINE.findall(piece)
        for index, line in enumerate(lines):
            if not self._is_repeated(line):
                return b"".join(lines[index:])
        return b""

    def _is_repeated(self, line: bytes) -> bool:
        """Whether *line* was read, being older than all that is remembered, or the next of them."""
        if not self._met:
            self._met = line in self._remembered
        while self._met and self._awaited:
            if self._awaited.popleft() == line:
                return True
        return not self._met


def _last_time_ns(piece: bytes) -> int | None:
    end = len(piece)
    while end > 0:
        start = piece.rfind(b"\n", 0, end - 1) + 1
        if line := parse_line(piece[start:end]):
            return line.time_ns
        end = start
    return None
