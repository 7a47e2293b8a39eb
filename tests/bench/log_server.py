"""A program that serves the logs of clients as a Kubernetes API does.

It is a process of its own, so that its work does not count as the reader's.
"""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from aiohttp import web

from grpcdemo.resources.objects import Object
from tests.fakes.script import Answer, Asked, hang, refuse, reply, serving
from tests.resources.samples import pod

PIECE = 500
BEGAN_S = 1_777_889_472
SERVERS = [f"grpc-server-7d4b9c6f5-{end}" for end in ("x2x8k", "b7wzn", "2xk4p")]


def log_lines(first: int, last: int, rate: float) -> bytes:
    """The lines with numbers from *first* up to *last*: three servers, and latencies of 1.6 ms, p99 6.7 ms."""
    dice = random.Random(first)
    return "".join(
        f"{stamp(seq, rate)} seq={seq} code=OK pod={SERVERS[seq % 3]} pod_ip=10.244.0.{seq % 3 + 3}"
        f" latency_ms={dice.lognormvariate(0.5, 0.6):.2f}\n"
        for seq in range(first, last + 1)
    ).encode()


def stamp(seq: int, rate: float) -> str:
    seconds, part = divmod(seq / rate, 1)
    return f"{datetime.fromtimestamp(BEGAN_S + seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{int(part * 10**9):09d}Z"


class LogServer:
    """Each log begins when it is asked for, and has *lines* lines: *rate* a second, or at once if not *paced*."""

    def __init__(self, pods: int, lines: int, rate: float, *, paced: bool) -> None:
        self._pods = pods
        self._lines = lines
        self._rate = rate
        self._paced = paced

    def __call__(self, asked: Asked) -> Answer:
        if asked.path.endswith("/log"):
            return refuse(400, "there was none") if "previous" in asked.query else self._log
        if asked.query.get("watch") == "true":
            return hang
        return reply({"metadata": {"resourceVersion": "1"}, "items": self._items()})

    def _items(self) -> list[Object]:
        clients = [pod(f"client-{number}", app="grpc-client") for number in range(self._pods)]
        return [*clients, *(pod(name, app="grpc-server") for name in SERVERS)]

    async def _log(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        began = loop.time()
        written = 0
        while written < self._lines:
            due = int((loop.time() - began) * self._rate) if self._paced else written + PIECE
            if due > written:
                due = min(due, self._lines, written + PIECE)
                await response.write(log_lines(written + 1, due, self._rate))
                written = due
            elif self._paced:
                await asyncio.sleep(max((written + 1) / self._rate - (loop.time() - began), 0.005))
        return await hang(request)


@contextmanager
def log_server(*, pods: int = 1, lines: int, rate: float, paced: bool = True) -> Iterator[str]:
    """Run this program; its URL."""
    command = [sys.executable, "-m", __spec__.name, str(pods), str(lines), str(rate), str(paced)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def main() -> None:
    pods, lines, rate, paced = sys.argv[1:]
    async with serving(LogServer(int(pods), int(lines), float(rate), paced=paced == "True")) as url:
        print(url, flush=True)  # noqa: T201  (how the benchmark finds it)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
