"""The servers' own counts of their requests, from their metrics: they do not tell callers apart.

This needs no mesh, and tells nothing of callers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from grpcdemo.diagnosis.app_metrics import read_requests
from grpcdemo.diagnosis.proxies import CONTAINERS
from grpcdemo.diagnosis.traffic import NONE, Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.monitors import MonitorSurvey, survey_monitors
from grpcdemo.resources.metrics_ports import MetricsPort, annotated_port, usual_port
from grpcdemo.resources.objects import Object, controller_of
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.pages import Page, poll_pages
from grpcdemo.steps.sources.polls import MOST_PODS, WAIT_S, unasked
from grpcdemo.steps.sources.source import ANYBODY, PARTLY_READ, Reading

UNTOLD = "the applications' counters do not tell callers apart"
NO_COUNTER = "no known counter of gRPC requests"
WITHOUT = "it has no known counter of gRPC requests"


class AppSource:
    """The metrics of a Service's pods. They do not tell one port from another."""

    def __init__(self, api: Api, wanted: MetricsPort | None = None, *, wait_s: float = WAIT_S) -> None:
        self._api = api
        self._wanted = wanted
        self._survey: MonitorSurvey | None = None
        self._pages = poll_pages(api, _parse, wait_s=wait_s)
        self._latest: dict[str, Requests] = {}
        """By server pod. Of one that is silent, the number stays; when it answers again, nothing is lost."""

    async def read(self, around: Around) -> Reading:
        names, address_of = pod_names(around.servers), around.address_of
        serving = {names[uid]: pod for uid, pod in around.serving.items()}
        await self._look_for_monitors(serving.values())
        pages = {name: page for name, pod in serving.items() if (page := self._page_of(pod))}
        if not pages:
            return Reading("app", nobody=self._why_nobody(serving.values()))
        answers, failed = await self._pages.ask([(serving[name], page) for name, page in pages.items()][:MOST_PODS])
        failures = {names[uid]: why for uid, why in failed.items()}
        counted = self._counted({names[uid]: requests for uid, requests in answers.items()}, serving)
        self._latest = {name: requests for name, requests in {**self._latest, **counted}.items() if name in serving}
        if answers and not failures and not counted:
            return Reading("app", nobody=f"the metrics of the server pods have {NO_COUNTER}")
        missing = [name for name in address_of if name not in {*self._latest, *failures}]
        uncounted = {name: unasked([*pages]).get(name, WITHOUT) for name in missing}
        counters = {address_of[name]: requests for name, requests in self._latest.items()}
        return Reading(
            "app",
            {ANYBODY: counters} if counters else {},
            told=[*counted],
            all_pods=len(serving),
            failures=failures,
            is_awaited=self._pages.are_awaited,
            uncounted=uncounted,
            untold=PARTLY_READ if failures or uncounted else UNTOLD,
            are_pods=False,
        )

    async def close(self) -> None:
        await self._pages.close()

    def _counted(self, answers: Mapping[str, Requests | None], pods: Mapping[str, Object]) -> dict[str, Requests]:
        """Many libraries have no counter before the first request: then another pod of the same controller has one."""
        known = {name: requests for name, requests in answers.items() if requests is not None}
        controllers = {_controller(pods[name]) for name in {*known, *self._latest} if name in pods} - {None}
        idle = [name for name in answers if name not in known and _controller(pods[name]) in controllers]
        return {**known, **dict.fromkeys(idle, NONE)}

    async def _look_for_monitors(self, pods: Collection[Object]) -> None:
        """Once, and only if some pod itself does not say where its metrics are."""
        if self._wanted or self._survey or all(map(annotated_port, pods)):
            return
        (namespace,) = {str(pod["metadata"]["namespace"]) for pod in pods}
        self._survey = await survey_monitors(self._api, namespace)

    def _port_of(self, pod: Object) -> MetricsPort | None:
        if port := self._wanted or annotated_port(pod):
            return port
        monitored = [*self._survey.monitors.ports_of(pod, CONTAINERS)] if self._survey else []
        return min(monitored, key=lambda port: port.is_https, default=usual_port(pod))

    def _page_of(self, pod: Object) -> Page | None:
        port = self._port_of(pod)
        number = port.number_in(pod) if port else None
        if port is None or number is None or port.is_https:
            return None
        return Page(number, port.path, f"port {number} at {port.path}", "a page of metrics")

    def _why_nobody(self, pods: Iterable[Object]) -> str:
        if self._wanted:
            return f"no server pod has a container port {self._wanted.port}"
        if any(port.is_https for port in map(self._port_of, pods) if port):
            return "the server pods serve metrics over HTTPS only, which grpcdemo does not read"
        nowhere = "no server pod declares a metrics port (set --metrics-port)"
        if not self._survey:
            return nowhere
        if self._survey.unseen:
            return f"{nowhere}, and this user may not {self._survey.unseen}"
        return f"{nowhere}, nor does a PodMonitor or ServiceMonitor" if self._survey.monitors.are_there else nowhere


def _parse(body: bytes) -> Requests | None:
    return read_requests(body.decode())


def _controller(pod: Object) -> str | None:
    """What runs the same program in all of its pods, such as a ReplicaSet."""
    controller = controller_of(pod)
    return str(controller["uid"]) if controller else None
