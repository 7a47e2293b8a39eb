"""What the Envoys of clients have counted: the exact requests of each client pod to each server pod."""

from __future__ import annotations

import json
from collections.abc import Mapping

from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_running
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.pages import MOST_PODS, WAIT_S, Pages
from grpcdemo.steps.sources.sidecars import WITHOUT, admin_page, has_envoy
from grpcdemo.steps.sources.source import Reading, pod_names

PAST = "its calls go past its sidecar"
STRANGE = "its sidecar does not know the Service"
"""It may learn of it: that takes a moment after its start."""


class EnvoySource:
    """The sidecars of the clients of one port of a Service."""

    def __init__(self, api: Api, service: str, namespace: str, port: int, *, wait_s: float = WAIT_S) -> None:
        def parse(body: bytes) -> Counters | None:
            return requests_by_host(json.loads(body), service, namespace, port)

        self._page = admin_page(clusters_path(service, namespace, port))
        self._pages = Pages(api, parse, wait_s=wait_s)

    async def read(self, around: Around) -> Reading:
        names = pod_names(around.clients)
        running = [pod for pod in around.clients if is_running(pod)]
        uncounted = {pod["metadata"]["uid"]: why for pod in running if (why := _why_uncounted(pod, around))}
        meshed = [pod for pod in running if pod["metadata"]["uid"] not in uncounted]
        answers, failures = await self._pages.ask((pod, self._page) for pod in meshed[:MOST_PODS])
        failures |= {uid: STRANGE for uid, counted in answers.items() if counted is None}
        counters = {names[uid]: counted for uid, counted in answers.items() if counted is not None}
        return Reading(
            "envoy",
            counters,
            told=[*counters],
            all_pods=len(around.clients),
            failures={names[uid]: why for uid, why in failures.items()},
            is_awaited=self._pages.are_awaited,
            uncounted={names[uid]: why for uid, why in uncounted.items()},
            nobody="" if meshed else _why_nobody(around, uncounted),
        )

    async def close(self) -> None:
        await self._pages.close()


def _why_uncounted(pod: Object, around: Around) -> str:
    """Why its requests are in no sidecar's counters; empty if they are."""
    if not has_envoy(pod):
        return WITHOUT
    return PAST if pod["metadata"]["uid"] in around.past else ""


def _why_nobody(around: Around, uncounted: Mapping[str, str]) -> str:
    if not around.clients:
        return "no client pod is known"
    return "no client pod " + ("calls through" if PAST in uncounted.values() else "runs with") + " Istio's sidecar"
