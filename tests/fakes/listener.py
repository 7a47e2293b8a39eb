"""A port of this machine on which an app is served, and which can be closed for a while."""

from __future__ import annotations

from aiohttp import web, web_app

HOST = "127.0.0.1"


class Listener:
    """Serves *app*. An async context manager."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
        self._port = 0
        self._site: web.TCPSite | None = None

    async def __aenter__(self) -> Listener:
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._runner.cleanup()
        web_app._cached_build_middleware.cache_clear()  # it would keep the last 1,024 apps, and all that they hold

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    async def listen(self) -> None:
        """Take connections, after `close` on the same port again."""
        if self._site is None:
            self._site = web.TCPSite(self._runner, HOST, self._port)
            await self._site.start()
            self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Cut every connection, and refuse others."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            assert self._runner.server
            for connection in self._runner.server.connections:
                connection.force_close()
