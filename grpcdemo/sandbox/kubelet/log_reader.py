"""Reads a container's log with the options of the API: a part of it, with timestamps, followed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import BinaryIO

from grpcdemo.resources.times import EPOCH
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.kubelet.log_file import SECOND_NS, Follower, LogFile, format_time

CHUNK = 64 * 1024


async def read_log(source: LogFile, options: LogOptions) -> AsyncIterator[bytes]:
    """The log in pieces of whole lines; with `follow`, until the container has ended."""
    follower = source.open(follow=options.follow)
    try:
        if options.tail_lines is not None:
            skip_to_last(follower, options.tail_lines)
        rendering = _Rendering(options, source.clock())
        while True:
            follower.more.clear()
            while (chunk := follower.read(CHUNK)) and not rendering.is_full:
                if piece := rendering.render(chunk):
                    yield piece
                await asyncio.sleep(0)  # a long log must not block the event loop
            if rendering.is_full or not options.follow or follower.is_complete:
                return
            await follower.more.wait()
    finally:
        follower.close()


def skip_to_last(follower: Follower, lines: int) -> None:
    """Skip all but the last *lines*."""
    files = list(follower.files)
    for file in reversed(files):
        offset, count = find_last(file, lines)
        file.seek(offset)
        lines -= count
        if lines <= 0:
            while follower.files[0] is not file:
                follower.files.popleft().close()
            return


def find_last(file: BinaryIO, lines: int) -> tuple[int, int]:
    """The offset of the last *lines* of the file, and how many there are, if the file has fewer."""
    position = end = file.seek(0, os.SEEK_END)
    if lines <= 0:
        return end, 0
    newlines = 0
    while position > 0:
        start = max(0, position - CHUNK)
        file.seek(start)
        block = file.read(position - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            newlines += 1
            if newlines > lines:  # the first of them ends the last line
                return start + at + 1, lines
        position = start
    return 0, newlines


class _Rendering:
    """Renders the file's lines as the options ask."""

    def __init__(self, options: LogOptions, now_ns: int) -> None:
        self._timestamps = options.timestamps
        self._since = _since(options, now_ns).encode()
        self._left = options.limit_bytes
        self._rest = b""
        self._at_start = True

    @property
    def is_full(self) -> bool:
        return self._left is not None and self._left <= 0

    def render(self, chunk: bytes) -> bytes:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        data = b"".join([self._render_line(line) for line in lines])
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data

    def _render_line(self, line: bytes) -> bytes:
        stamp, _, rest = line.partition(b" ")
        if stamp < self._since:
            return b""
        _, tag, text = rest.split(b" ", 2)
        head = stamp + b" " if self._timestamps and self._at_start else b""
        self._at_start = tag == b"F"
        return head + text + (b"\n" if self._at_start else b"")


def _since(options: LogOptions, now_ns: int) -> str:
    if options.since_time is not None:
        since = options.since_time - EPOCH
        return format_time((since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000)
    if options.since_s is not None:
        return format_time(now_ns - options.since_s * SECOND_NS)
    return ""
