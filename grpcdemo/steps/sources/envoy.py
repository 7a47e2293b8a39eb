"""What the Envoys of clients have counted: the exact requests of each client pod to each server pod."""

from __future__ import annotations

import json

from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.pods import is_running
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.pages import MOST_PODS, WAIT_S, Pages
from grpcdemo.steps.sources.sidecars import WITHOUT, admin_page, has_envoy
from grpcdemo.steps.sources.source import Reading, pod_names


class EnvoySource:
    """The sidecars of the clients of one port of a Service."""

    def __init__(self, api: Api, service: str, namespace: str, port: int, *, wait_s: float = WAIT_S) -> None:
        def parse(body: bytes) -> Counters:
            return requests_by_host(json.loads(body), service, namespace, port)

        self._page = admin_page(clusters_path(service, namespace, port))
        self._pages = Pages(api, parse, wait_s=wait_s)

    async def read(self, around: Around) -> Reading:
        names = pod_names(around.clients)
        running = [pod for pod in around.clients if is_running(pod)]
        meshed = [pod for pod in running if has_envoy(pod)]
        answers, failures = await self._pages.ask((pod, self._page) for pod in meshed[:MOST_PODS])
        missing = "no client pod runs with Istio's sidecar" if around.clients else "no client pod is known"
        counters = {names[uid]: counted for uid, counted in answers.items()}
        return Reading(
            "envoy",
            counters,
            told=[*counters],
            all_pods=len(around.clients),
            failures={names[uid]: why for uid, why in failures.items()},
            is_awaited=self._pages.are_awaited,
            uncounted={names[pod["metadata"]["uid"]]: WITHOUT for pod in running if not has_envoy(pod)},
            nobody="" if meshed else missing,
        )

    async def close(self) -> None:
        await self._pages.close()
