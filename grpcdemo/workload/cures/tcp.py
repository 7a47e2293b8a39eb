"""Listen on a port for plain TCP."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from grpcdemo.errors import GrpcdemoError

Talk = Callable[[StreamReader, StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving_tcp(port: int, talk: Talk, *, host: str | None) -> AsyncIterator[int]:
    """Let *talk* have each connection to *port*, 0 for any free one. At the end, connections are cut.

    *host* is the one address to listen on, None for every one. The value is the port. Raises GrpcdemoError if it cannot
    be bound.
    """
    talking: set[asyncio.Task[None]] = set()

    async def take(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.CancelledError):  # broken, or cut
            pass
        finally:
            talking.discard(task)
            writer.close()

    try:
        server = await asyncio.start_server(take, host, port)
    except OSError as error:
        raise GrpcdemoError(f"cannot listen on port {port}: {error.strerror}") from error
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in tuple(talking):
            task.cancel()
