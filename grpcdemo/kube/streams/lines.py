"""Cut a stream of bytes, which arrives in chunks of any size, into whole lines."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def whole_lines(chunks: AsyncIterator[bytes], *, limit: int | None = None) -> AsyncIterator[bytes]:
    """Yield pieces of *chunks* that consist of one or more whole lines, each with its line end.

    An unfinished last line is dropped. So is a line that grows beyond *limit* bytes: no stream can fill the memory.
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
