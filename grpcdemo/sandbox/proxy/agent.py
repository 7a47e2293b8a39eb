"""Plays Istio's agent for gRPC without a proxy: tells each client where to ask, and has somebody there to answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType

from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.config import Config

XDS_PORT = 15010
"""Istiod's, without TLS."""


class GrpcAgent:
    """*ip* is the address of the control plane. An async context manager."""

    def __init__(self, store: Store, network: Network, ip: str) -> None:
        self._store = store
        self._network = network
        self._ip = ip
        self._starting = asyncio.Lock()
        self._started = False
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> GrpcAgent:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def bootstrap(self, node: str) -> Config:
        """The bootstrap of the client *node*. Raises GrpcdemoError without a free port, ImportError without xDS."""
        async with self._starting:
            if not self._started:
                await self._start()
                self._started = True
        server = {
            "server_uri": "{}:{}".format(*self._network.reach(self._ip, XDS_PORT)),
            "channel_creds": [{"type": "insecure"}],
            "server_features": ["xds_v3"],
        }
        return {"xds_servers": [server], "node": {"id": node}}

    async def _start(self) -> None:
        from grpcdemo.sandbox.proxy.ads import answering_xds  # 0.2 s of imports that few sandboxes need

        await self._stack.enter_async_context(answering_xds(self._store, self._network, self._ip, XDS_PORT))
