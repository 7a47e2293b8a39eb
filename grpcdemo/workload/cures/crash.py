"""Let the server die as from SIGKILL: at once, without notice to its clients.

The first process of a container cannot be killed from inside: the kernel ignores the signal. So the server ends itself
on a request, to a port that it opens to its own pod alone. Port-forward reaches it.
"""

from __future__ import annotations

import os
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from grpcdemo.workload.cures.tcp import serving_tcp

LOOPBACK = "127.0.0.1"
EXIT_CODE = 137
"""Of a process that SIGKILL ended."""
END = b"\r\n\r\n"


def crashing_on_request(
    port: int, *, host: str | None = None, end: Callable[[int], object] = os._exit
) -> AbstractAsyncContextManager[int]:
    """*end* the process on the first request to *port*, which is answered; the value is the port.

    *host* is where the sandbox has the pod's own addresses.
    """
    return serving_tcp(port, partial(_crash, end), host=host or LOOPBACK)


async def _crash(end: Callable[[int], object], reader: StreamReader, writer: StreamWriter) -> None:
    await reader.readuntil(END)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    end(EXIT_CODE)
