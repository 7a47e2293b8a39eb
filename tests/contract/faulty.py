"""A proxy in front of the API server of KUBECONFIG that answers some requests itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.cli.conftest import served
from tests.contract.tools import Running, find_program
from tests.fakes.faults import Faults
from tests.fakes.script import write_kubeconfig

OF_ONE_CONNECTION = {"Host", "Authorization", "Content-Length", "Transfer-Encoding", "Connection"}
"""Headers that the proxy does not pass on; kubectl adds the credentials."""


@contextmanager
def faulty_proxy(faults: Faults, folder: Path) -> Iterator[str]:
    """A kubeconfig that leads through *faults* to the API server."""
    with Running((find_program("kubectl"), "proxy", "--port=0")) as kubectl:
        address = kubectl.out.next().rpartition(" ")[2]
        with served(_serving(faults, f"http://{address}")) as server:
            yield str(write_kubeconfig(folder / "faulty", server))


@asynccontextmanager
async def _serving(faults: Faults, upstream: str) -> AsyncIterator[str]:
    async with aiohttp.ClientSession(upstream, auto_decompress=False) as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            headers = {key: value for key, value in request.headers.items() if key not in OF_ONE_CONNECTION}
            asking = session.request(
                request.method, request.rel_url, headers=headers, data=await request.read() or None
            )
            async with asking as answer:
                kept = {"Content-Type": answer.content_type}
                if request.method != "GET":
                    return web.Response(status=answer.status, body=await answer.read(), headers=kept)
                response = web.StreamResponse(status=answer.status, headers=kept)
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response

        app = web.Application(middlewares=[faults.middleware()])
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
