"""Which source is read: the one that the user asks for, or the best that can be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.envoy import EnvoySource
from grpcdemo.steps.sources.istio import UNMESHED, IstioSource
from grpcdemo.steps.sources.source import Choice, Reading, Source

TRIES = 3
"""How many readings of the clients may fail before the servers are asked."""


def build_source(api: Api, choice: Choice, service: Object, port: Object) -> Source:
    """For one *port* of the *service*."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    envoy, istio = EnvoySource(api, name, namespace, int(port["port"])), IstioSource(api, name, namespace)
    sources: dict[Choice, Source] = {Choice.AUTO: BestSource(envoy, istio), Choice.ENVOY: envoy, Choice.ISTIO: istio}
    return sources[choice]


class BestSource:
    """The clients' sidecars, which tell client pods apart; where none of them can be read, those of the servers."""

    def __init__(self, clients: Source, servers: Source, *, tries: int = TRIES) -> None:
        self._clients = clients
        self._servers = servers
        self._tries = tries
        self._is_read = False
        """A client's sidecar has answered: that it is silent now, is told, and no reason to count otherwise."""
        self._failed = 0
        """How many readings brought nothing but failures."""

    async def read(self, around: Around) -> Reading:
        denied: Unreadable | None = None
        try:
            first = await self._clients.read(around)
        except Unreadable as error:
            first, denied = Reading("envoy", nobody=_without(error)), error
        self._is_read = not first.nobody and (self._is_read or bool(first.told))
        self._failed = 0 if self._is_read or first.nobody else self._failed + 1
        if self._is_read or 0 < self._failed < self._tries:
            return first
        why = first.nobody or next(iter(first.failures.values()), "they have gone")
        second = await self._read_servers(around)
        if not second.nobody:
            return replace(second, why=why)
        if denied:
            raise denied
        is_plain = not first.nobody or second.nobody == UNMESHED
        return first if is_plain else replace(first, nobody=f"{first.nobody}, and {second.nobody}")

    async def _read_servers(self, around: Around) -> Reading:
        try:
            return await self._servers.read(around)
        except Unreadable as error:
            return Reading("istio", nobody=_without(error))

    async def close(self) -> None:
        await asyncio.gather(self._clients.close(), self._servers.close())


def _without(error: Unreadable) -> str:
    return f"this user may not {error.right}"
