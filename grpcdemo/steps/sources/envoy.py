"""What the Envoys of clients have counted: the exact requests of each client pod to each server pod."""

from __future__ import annotations

import json

from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.clients import ISTIO, Proxies
from grpcdemo.steps.sources.pages import WAIT_S, Page, Pages
from grpcdemo.steps.sources.sidecars import admin_page, has_envoy
from grpcdemo.steps.sources.source import Reading


class EnvoySource:
    """The sidecars of the clients of one port of a Service."""

    def __init__(self, api: Api, service: str, namespace: str, port: int, *, wait_s: float = WAIT_S) -> None:
        def parse(body: bytes) -> Counters | None:
            return requests_by_host(json.loads(body), service, namespace, port)

        def page_of(pod: Object) -> Page | None:
            return page if has_envoy(pod) else None

        page = admin_page(clusters_path(service, namespace, port))
        self._proxies = Proxies("envoy", ISTIO, Pages(api, parse, wait_s=wait_s), page_of)

    async def read(self, around: Around) -> Reading:
        return await self._proxies.read(around, lambda counters: counters)

    async def close(self) -> None:
        await self._proxies.pages.close()
