"""A forwarder on loopback in front of any API server, which cuts connections off after so many bytes.

It passes bytes without looking into them, so that TLS stays what it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.contract.tools import kubectl

CHUNK = 65_536


class CuttingProxy:
    """Passes all on, until `begin` tells it to cut: from then on, until `end`, each connection ends after a number of
    bytes from the server that *limit* chooses for it."""

    def __init__(self, host: str, port: int, limit: Callable[[], int]) -> None:
        self.port = 0
        self.connections = threading.Semaphore(0)
        """Released once for each connection."""
        self.cuts = threading.Semaphore(0)
        """Released once for each that was cut."""
        self._upstream = (host, port)
        self._limit = limit
        self._cutting = False
        self._open: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[bool]] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)
        self._ended = asyncio.Event()

    def __enter__(self) -> CuttingProxy:
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    def begin(self) -> None:
        """Cut what is open, and everything from now on."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def end(self) -> None:
        """Cut nothing any more but what is open."""
        self._loop.call_soon_threadsafe(self._spare)

    def forget(self) -> None:
        """Pass on nothing more through what is open, and close none of it, as a load balancer that lost its table."""
        self._loop.call_soon_threadsafe(self._forget)

    def _forget(self) -> None:
        for pipe in self._pipes:
            pipe.cancel()

    def _spare(self) -> None:
        self._cutting = False

    def _cut_all(self) -> None:
        self._cutting = True
        for writer in self._open:
            writer.transport.abort()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._ended.wait()
        server.close()
        self._cut_all()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._limit() if self._cutting else None
        back, forth = await asyncio.open_connection(*self._upstream)
        self._open |= {writer, forth}
        self.connections.release()
        pipes = [asyncio.create_task(_pass_on(*ends)) for ends in ((reader, forth, None), (back, writer, left))]
        self._pipes.update(pipes)
        try:
            if await pipes[1]:
                self.cuts.release()
        except asyncio.CancelledError:
            await self._ended.wait()
        self._pipes.difference_update(pipes)
        for end in (writer, forth):
            end.transport.abort()
            self._open.discard(end)
        await asyncio.gather(*pipes, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> bool:
    """Pass on all that comes, or as many bytes as are *left*; whether that was the end of it."""
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data[:left])
            await writer.drain()
            if left is not None and (left := left - len(data)) <= 0:
                return True
    return False


@contextmanager
def cutting_proxy(folder: Path, *, seed: int, least: int, most: int) -> Iterator[tuple[CuttingProxy, str]]:
    """The proxy, and a kubeconfig that leads through it to the server that KUBECONFIG names."""
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    cluster = config["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    assert server.hostname
    dice = random.Random(seed)
    with CuttingProxy(server.hostname, server.port or 443, lambda: dice.randrange(least, most)) as proxy:
        cluster["server"] = f"{server.scheme}://127.0.0.1:{proxy.port}"
        cluster.setdefault("tls-server-name", server.hostname)
        path = folder / "through-proxy"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config), encoding="utf-8")
        yield proxy, os.fspath(path)
