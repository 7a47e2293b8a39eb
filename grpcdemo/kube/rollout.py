"""Restart our Deployments, and wait until their new pods are ready and no old pod is left."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.advice import advise, describe
from grpcdemo.kube.api import Api
from grpcdemo.kube.logs import ContainerRef, last_lines
from grpcdemo.kube.trouble import CrashLoop, Trouble, Unschedulable, creation_trouble, late_trouble, pod_trouble
from grpcdemo.kube.watch import Mirror, Query, wait_until
from grpcdemo.model import Done, Pod, Reporter, Waiting
from grpcdemo.resources.deployments import current_replica_set
from grpcdemo.resources.labels import APP_NAME, OURS, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, is_terminating, labels_of, owned_by
from grpcdemo.resources.pods import is_active, is_finished, is_ready, read_pod
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
UNSCHEDULABLE_S = 15.0
"""How long a pod may be unschedulable: a scheduler needs a moment; an autoscaler needs minutes, and is not awaited."""


async def restart(api: Api, deployments: Collection[Object], report: Reporter) -> None:
    """Start a rolling restart of the Deployments, as `kubectl rollout restart` does, and report it."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    template = {"metadata": {"annotations": {RESTARTED_AT: now}}}
    restarted: list[str] = []
    try:
        for deployment in deployments:
            metadata = deployment["metadata"]
            body = {"metadata": {"uid": metadata["uid"]}, "spec": {"template": template}}
            await api.patch(DEPLOYMENTS, metadata["name"], body, namespace=metadata["namespace"])
            restarted.append(metadata["name"])
    finally:  # what was done is reported also if the rest fails
        if restarted:
            report(Done(f"{' and '.join(restarted)} restarted"))


async def wait_for_rollout(
    api: Api,
    namespace: str,
    names: Collection[str],
    *,
    timeout_s: float,
    report: Reporter,
    unschedulable_s: float = UNSCHEDULABLE_S,
) -> list[Pod]:
    """Wait until each Deployment has all its pods ready and every older pod is gone; return the pods.

    Raises GrpcdemoError with the reason as soon as waiting is useless, or after *timeout_s*.
    """
    queries = {
        "deployments": Query(DEPLOYMENTS, namespace, OURS),
        "replica sets": Query(REPLICA_SETS, namespace, OURS),
        "pods": Query(PODS, namespace, OURS),
    }
    async with Mirror(api, queries) as mirror:
        rollout = _Rollout(mirror, names, report, unschedulable_s)
        try:
            pods = await wait_until(mirror, rollout.look, timeout_s=timeout_s)
        except _Stuck as stuck:
            raise await _explain(api, stuck.trouble) from stuck
        if pods is not None:
            return pods
        unfinished = ", ".join(map(str, rollout.unfinished))
        troubles = await _late_troubles(api, namespace, mirror)
        raise GrpcdemoError(
            f"after {format_duration(timeout_s)} still waiting for {unfinished}{troubles}",
            hint=Hint("see ", Kubectl("describe", "pods", namespace=namespace), ", or wait longer with --timeout"),
        )


def is_settled(deployments: Collection[Object], pods: Collection[Pod]) -> bool:
    """Whether no rollout is under way: every Deployment has all its pods, ready, and there are no others."""
    desired = 0
    for deployment in deployments:
        status, replicas = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
        if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
            return False
        if not status.get("replicas", 0) == status.get("updatedReplicas", 0) == replicas:
            return False
        desired += replicas
    return len(pods) == desired and all(pod.live and pod.ready for pod in pods)


class _Stuck(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass(frozen=True)
class _Progress:
    """How far one Deployment is."""

    name: str
    ready: int
    desired: int
    old: int
    settled: bool

    def __str__(self) -> str:
        text = f"{self.name} {self.ready}/{self.desired} ready"
        if self.ready < self.desired or not self.old:
            return text
        return f"{text}, {self.old} old pod{'s' * (self.old > 1)} terminating"


class _Rollout:
    """Reads a rollout's progress from a mirror and reports it."""

    def __init__(self, mirror: Mirror, names: Collection[str], report: Reporter, unschedulable_s: float) -> None:
        self._mirror = mirror
        self._names = names
        self._report = report
        self._unschedulable_s = unschedulable_s
        self._unschedulable_since: dict[str, float] = {}
        self._settled: set[str] = set()
        self.unfinished: list[_Progress] = []

    def look(self) -> list[Pod] | None:
        deployments = {deployment["metadata"]["name"]: deployment for deployment in self._mirror["deployments"]}
        progress = [self._progress(name, deployments.get(name)) for name in self._names]
        for one in progress:
            if one.settled and one.name not in self._settled:
                self._settled.add(one.name)
                self._report(Done(str(one)))
        unfinished = [one for one in progress if not one.settled]
        if not unfinished:
            return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.live]
        if unfinished != self.unfinished:
            self.unfinished = unfinished
            self._report(Waiting(", ".join(map(str, unfinished))))
        return None

    def _progress(self, name: str, deployment: Object | None) -> _Progress:
        if deployment is None:
            raise GrpcdemoError(f"Deployment {name} was deleted during its rollout")
        desired = deployment["spec"].get("replicas", 1)
        status = deployment.get("status", {})
        current = current_replica_set(deployment, owned_by(deployment, self._mirror["replica sets"]))
        if current is None:  # the controller has not created it yet
            return _Progress(name, 0, desired, 0, settled=False)
        new, old = self._pods(name, labels_of(current).get(TEMPLATE_HASH))
        self._stop_if_stuck(current, new)
        observed = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        counts = (len(new), status.get("availableReplicas", 0), status.get("replicas", 0))
        settled = observed and not old and set(counts) == {desired}
        ready = sum(map(is_ready, new))
        return _Progress(name, ready, desired, len(old), settled and ready == desired)

    def _pods(self, name: str, new_hash: str | None) -> tuple[list[Object], list[Object]]:
        """The Deployment's pods of the new template, and the older ones."""
        # A finished pod that is not deleted stays, as an evicted one does.
        there = [pod for pod in self._mirror["pods"] if not is_finished(pod) or is_terminating(pod)]
        pods = [pod for pod in there if labels_of(pod).get(APP_NAME) == name]
        new = [pod for pod in pods if labels_of(pod).get(TEMPLATE_HASH) == new_hash and is_active(pod)]
        return new, [pod for pod in pods if pod not in new]

    def _stop_if_stuck(self, replica_set: Object, pods: list[Object]) -> None:
        """Raise _Stuck if waiting is useless; a pod may be unschedulable for a moment."""
        if refusal := creation_trouble(replica_set):
            raise _Stuck(refusal)
        for pod in pods:
            trouble = pod_trouble(pod)
            patient = isinstance(trouble, Unschedulable) and not self._for_too_long(pod)
            if trouble and not patient:
                raise _Stuck(trouble)

    def _for_too_long(self, pod: Object) -> bool:
        now = asyncio.get_running_loop().time()
        since = self._unschedulable_since.setdefault(pod["metadata"]["uid"], now)
        return now - since > self._unschedulable_s


async def _explain(api: Api, trouble: Trouble) -> GrpcdemoError:
    if isinstance(trouble, CrashLoop):
        container = ContainerRef(trouble.pod.namespace or "", trouble.pod.name, trouble.container)
        trouble = replace(trouble, last_lines=tuple(await last_lines(api, container, count=5)))
    return GrpcdemoError(describe(trouble), hint=advise(trouble, api.target.context))


async def _late_troubles(api: Api, namespace: str, mirror: Mirror) -> str:
    """The first few reasons why pods are not ready yet, after a colon."""
    late = [pod for pod in mirror["pods"] if not is_ready(pod) or is_terminating(pod)]
    if not late:
        return ""
    events = (await api.list(EVENTS, namespace=namespace))["items"]
    reasons = dict.fromkeys(describe(late_trouble(pod, events)) for pod in late)
    return f": {'; '.join([*reasons][:3])}"
