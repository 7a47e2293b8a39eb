"""What the sidecars of the servers have counted: the requests of each workload to each server pod.

They know callers that nobody else knows, also those without a sidecar, which they do not tell apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from grpcdemo.diagnosis.mesh.calls import NOBODY_KNOWN, Caller, Calls, read_calls, stats_path
from grpcdemo.diagnosis.traffic import NONE, Counters, Requests
from grpcdemo.diagnosis.workloads import name_in_mesh
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.pages import poll_pages
from grpcdemo.steps.sources.polls import MOST_PODS, WAIT_S, unasked
from grpcdemo.steps.sources.sidecars import WITHOUT, admin_page, has_envoy
from grpcdemo.steps.sources.source import PARTLY_READ, Reading

ByCaller = Mapping[Caller, Requests]


class IstioSource:
    """The sidecars of a Service's pods. Their statistics do not tell one port from another."""

    def __init__(self, api: Api, service: str, namespace: str, *, wait_s: float = WAIT_S) -> None:
        def parse(body: bytes) -> Calls:
            return read_calls(body.decode(), service, namespace)

        self._namespace = namespace
        self._page = admin_page(stats_path())
        self._pages = poll_pages(api, parse, wait_s=wait_s)
        self._first: dict[str, ByCaller] = {}
        self._latest: dict[str, ByCaller] = {}
        """By server pod. Of one that is silent, the number stays; when it answers again, nothing is lost."""

    async def read(self, around: Around) -> Reading:
        names, address_of, serving = pod_names(around.servers), around.address_of, around.serving
        meshed = {uid: pod for uid, pod in serving.items() if has_envoy(pod)}
        if not meshed:
            return Reading("istio", nobody="no server pod has Istio's sidecar", is_unmeshed=True)
        answers, failed = await self._pages.ask((pod, self._page) for pod in [*meshed.values()][:MOST_PODS])
        failures = {names[uid]: why for uid, why in failed.items()}
        counted = {names[uid]: calls.by_caller for uid, calls in answers.items() if calls.are_counted}
        if answers and not counted:
            return Reading("istio", nobody="the servers' sidecars have no Istio metrics")
        self._keep(counted, {names[uid] for uid in serving})
        too_many = unasked([names[uid] for uid in meshed])
        missing = [name for name in address_of if name not in {*self._latest, *failures}]
        uncounted = {name: too_many.get(name, WITHOUT) for name in missing}
        pods, untold = self._tell_apart(around)
        return Reading(
            "istio",
            {
                pods.get(caller, caller.text(self._namespace)): self._counters(caller, address_of)
                for caller in self._callers
            },
            told=[*counted],
            all_pods=len(serving),
            failures=failures,
            is_awaited=self._pages.are_awaited,
            uncounted=uncounted,
            untold=PARTLY_READ if failures or uncounted else untold,
            are_pods=bool(pods),
        )

    async def close(self) -> None:
        await self._pages.close()

    def _keep(self, counted: Mapping[str, ByCaller], present: set[str]) -> None:
        self._latest = {name: calls for name, calls in {**self._latest, **counted}.items() if name in present}
        self._first = {name: self._first.get(name, calls) for name, calls in self._latest.items()}

    @property
    def _callers(self) -> list[Caller]:
        return sorted({caller for calls in self._latest.values() for caller in calls})

    def _counters(self, caller: Caller, address_of: Mapping[str, str]) -> Counters:
        return {address_of[name]: calls.get(caller, NONE) for name, calls in self._latest.items()}

    def _tell_apart(self, around: Around) -> tuple[dict[Caller, str], str]:
        """The pod of each that has called since the first reading. If one may have several: no pods, and why."""
        names, pods_of = pod_names(around.clients), _by_workload(around.clients)
        pods: dict[Caller, str] = {}
        for caller in filter(self._has_called, self._callers):
            own = pods_of[caller.workload, caller.namespace]
            if caller == NOBODY_KNOWN:
                return {}, "callers without a sidecar cannot be told apart"
            if len(own) != 1 or around.is_one_of_many:
                return {}, f"the pods of {caller.text(self._namespace)} are not told apart"
            pods[caller] = names[own[0]["metadata"]["uid"]]
        return pods, ""

    def _has_called(self, caller: Caller) -> bool:
        return any(calls.get(caller) != self._first[name].get(caller) for name, calls in self._latest.items())


def _by_workload(pods: Sequence[Object]) -> defaultdict[tuple[str, str], list[Object]]:
    """By the workload's name and namespace."""
    by_workload = defaultdict[tuple[str, str], list[Object]](list)
    for pod in pods:
        by_workload[name_in_mesh(pod), str(pod["metadata"]["namespace"])].append(pod)
    return by_workload
