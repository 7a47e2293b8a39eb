"""Cutting a stream of bytes, which comes in pieces of any size, into whole lines."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def whole_lines(chunks: AsyncIterator[bytes], *, limit: int | None = None) -> AsyncIterator[bytes]:
    """What came of *chunks* up to the last line end, again and again: one line or more, each with its end.

    What follows the last line end of all is dropped, and so is a line of which more than *limit* bytes came
    without its end: no stream can fill the memory.
    """
    rest = b""
    dropping = False
    async for chunk in chunks:
        start = chunk.find(b"\n") + 1 if dropping else 0
        end = chunk.rfind(b"\n") + 1
        if end > start:
            yield rest + chunk[start:end]
        if end:
            rest, dropping = chunk[end:], False
        elif not dropping:
            rest += chunk
        if limit is not None and len(rest) > limit:
            rest, dropping = b"", True
