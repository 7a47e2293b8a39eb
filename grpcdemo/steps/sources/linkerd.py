"""What Linkerd's proxies of clients have counted: the exact requests of each client pod to each server pod."""

from __future__ import annotations

from grpcdemo.diagnosis.mesh.outbound import Outbound, read_outbound
from grpcdemo.kube.client.api import Api
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.clients import LINKERD, Proxies
from grpcdemo.steps.sources.pages import poll_pages
from grpcdemo.steps.sources.polls import WAIT_S
from grpcdemo.steps.sources.sidecars import linkerd_page
from grpcdemo.steps.sources.source import Reading


class LinkerdSource:
    """The proxies of the clients of one port of a Service."""

    def __init__(self, api: Api, service: str, namespace: str, port: int, *, wait_s: float = WAIT_S) -> None:
        def parse(body: bytes) -> Outbound:
            return read_outbound(body.decode(), service, namespace, port)

        self._proxies = Proxies("linkerd", LINKERD, poll_pages(api, parse, wait_s=wait_s), linkerd_page)

    async def read(self, around: Around) -> Reading:
        return await self._proxies.read(around, lambda outbound: outbound.counters(around.addresses, around.ports))

    async def close(self) -> None:
        await self._proxies.pages.close()
