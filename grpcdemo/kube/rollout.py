"""Rolling out our Deployments: restart them, and wait until every pod is new, ready, and alone."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.api import Api
from grpcdemo.kube.logs import ContainerRef, last_lines
from grpcdemo.kube.trouble import Trouble, creation_trouble, pod_state, pod_trouble
from grpcdemo.kube.watch import Mirror, Query, wait_until
from grpcdemo.manifests.images import pull_hint
from grpcdemo.model import Done, Pod, Reporter, Waiting
from grpcdemo.resources.labels import APP_NAME, OURS, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS
from grpcdemo.resources.selectors import deployed_template

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
UNSCHEDULABLE_S = 15.0
"""How long a pod may find no node before that counts: a scheduler needs a moment, an autoscaler minutes."""


async def restart(api: Api, namespace: str, names: Collection[str]) -> None:
    """Start a rolling restart of the Deployments, all at once, as `kubectl rollout restart` does."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    body = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}
    await asyncio.gather(*(api.patch(DEPLOYMENTS, name, body, namespace=namespace) for name in names))


async def wait_for_rollout(
    api: Api, namespace: str, names: Collection[str], *, timeout_s: float, report: Reporter
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
        rollout = _Rollout(mirror, names, report)
        try:
            return await wait_until(
                mirror, rollout.look, timeout_s=timeout_s, failure=lambda: _TookTooLong(rollout.waiting_for)
            )
        except _Stuck as stuck:
            raise await _explain(api, namespace, stuck.trouble) from stuck
        except _TookTooLong as late:
            reasons = await _pod_states(api, namespace, mirror["pods"])
            raise GrpcdemoError(
                f"after {timeout_s:g} s still waiting for {late.message}" + (f": {reasons}" if reasons else ""),
                hint=Hint("see ", Kubectl("describe", "pods", namespace=namespace), ", or wait longer with --timeout"),
            ) from late


def is_settled(deployments: Collection[Object], pods: Collection[Pod]) -> bool:
    """Whether no rollout is under way: every Deployment has all its pods, ready, and there are no others."""
    wanted = 0
    for found in deployments:
        status, replicas = found.get("status", {}), found["spec"].get("replicas", 1)
        if status.get("observedGeneration", 0) < found["metadata"]["generation"]:
            return False
        if not status.get("replicas", 0) == status.get("updatedReplicas", 0) == replicas:
            return False
        wanted += replicas
    return len(pods) == wanted and all(pod.live and pod.ready for pod in pods)


class _Stuck(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


class _TookTooLong(GrpcdemoError):
    pass


@dataclass(frozen=True)
class _Progress:
    """How far one Deployment is."""

    name: str
    ready: int
    wanted: int
    old: int
    settled: bool

    def __str__(self) -> str:
        if self.ready < self.wanted or not self.old:
            return f"{self.name} {self.ready}/{self.wanted} ready"
        return f"{self.name} {self.ready}/{self.wanted} ready, {self.old} old pod{'s' * (self.old > 1)} to end"


class _Rollout:
    """Looks at a mirror, tells the progress, and knows when it is over."""

    def __init__(self, mirror: Mirror, names: Collection[str], report: Reporter) -> None:
        self._mirror = mirror
        self._names = names
        self._report = report
        self._told: set[str] = set()
        self._unschedulable_since: dict[str, float] = {}
        self.waiting_for = ""

    def look(self) -> list[Pod] | None:
        deployments = {found["metadata"]["name"]: found for found in self._mirror["deployments"]}
        progress = [self._progress(name, deployments.get(name)) for name in self._names]
        for found in progress:
            if found.settled and found.name not in self._told:
                self._told.add(found.name)
                self._report(Done(str(found)))
        if all(found.settled for found in progress):
            return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.live]
        waiting = ", ".join(str(found) for found in progress if not found.settled)
        if waiting != self.waiting_for:
            self.waiting_for = waiting
            self._report(Waiting(waiting))
        return None

    def _progress(self, name: str, deployment: Object | None) -> _Progress:
        if deployment is None:
            raise GrpcdemoError(f"Deployment {name} was deleted by somebody else while waiting for it")
        wanted = deployment["spec"].get("replicas", 1)
        status = deployment.get("status", {})
        current = self._current(deployment)
        if current is None:
            return _Progress(name, 0, wanted, 0, settled=False)
        new, old = self._pods(name, labels_of(current).get(TEMPLATE_HASH))
        self._stop_if_stuck(current, new)
        observed = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        counts = (len(new), status.get("availableReplicas", 0), status.get("replicas", 0))
        settled = observed and not old and set(counts) == {wanted}
        ready = sum(1 for pod in new if read_pod(pod).ready)
        return _Progress(name, ready, wanted, len(old), settled and ready == wanted)

    def _pods(self, name: str, new_hash: str | None) -> tuple[list[Object], list[Object]]:
        """The Deployment's pods that are to stay, and those that are still to go."""
        new: list[Object] = []
        old: list[Object] = []
        for pod in self._mirror["pods"]:
            if labels_of(pod).get(APP_NAME) == name and not _is_history(pod):
                stays = labels_of(pod).get(TEMPLATE_HASH) == new_hash and read_pod(pod).live
                (new if stays else old).append(pod)
        return new, old

    def _current(self, deployment: Object) -> Object | None:
        """The ReplicaSet that the Deployment is rolling out to, once its controller has made it.

        It is the one with the same pod template, which is how the controller itself knows it. The revision
        would not do: while a Deployment is also being scaled, its status is brought up to date first.
        """
        uid, template = deployment["metadata"]["uid"], deployment["spec"]["template"]
        for found in self._mirror["replica sets"]:
            owners = {owner["uid"] for owner in found["metadata"].get("ownerReferences") or []}
            if uid in owners and deployed_template(found) == template:
                return found
        return None

    def _stop_if_stuck(self, replica_set: Object, pods: list[Object]) -> None:
        if trouble := creation_trouble([replica_set]):
            raise _Stuck(trouble)
        for pod in pods:
            trouble = pod_trouble(pod)
            if trouble and (trouble.fatal or (trouble.unschedulable and self._for_too_long(pod))):
                raise _Stuck(trouble)

    def _for_too_long(self, pod: Object) -> bool:
        now = asyncio.get_running_loop().time()
        return now - self._unschedulable_since.setdefault(pod["metadata"]["uid"], now) > UNSCHEDULABLE_S


def _is_history(pod: Object) -> bool:
    """A pod that ended and was kept, such as an evicted one; nobody is going to delete it."""
    found = read_pod(pod)
    return found.finished and not found.deleting


async def _explain(api: Api, namespace: str, trouble: Trouble) -> GrpcdemoError:
    if trouble.image:
        return GrpcdemoError(trouble.text, hint=pull_hint(trouble.image, api.target.context))
    if trouble.crashed:
        pod, container = trouble.crashed
        last = await last_lines(api, ContainerRef(namespace, pod, container), count=5)
        said = "; its last words: " + " | ".join(last) if last else ""
        logs = Kubectl("logs", pod, "--container", container, "--previous", namespace=namespace)
        return GrpcdemoError(trouble.text + said, hint=Hint("see ", logs))
    return GrpcdemoError(trouble.text, hint=trouble.hint)


async def _pod_states(api: Api, namespace: str, pods: list[Object]) -> str:
    waiting = [pod for pod in pods if not read_pod(pod).ready or read_pod(pod).deleting]
    if not waiting:
        return ""
    events = (await api.list(EVENTS, namespace=namespace))["items"]
    troubles = {(found.text if (found := pod_trouble(pod)) else pod_state(pod, events)): None for pod in waiting}
    return "; ".join(list(troubles)[:3])
