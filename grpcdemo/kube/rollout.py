"""Restart our Deployments, and wait until their new pods are ready and no old pod is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.advice import advise, describe
from grpcdemo.kube.api import Api
from grpcdemo.kube.local_cluster import find_local_cluster
from grpcdemo.kube.logs import ContainerRef, last_lines
from grpcdemo.kube.messages import Refuser
from grpcdemo.kube.trouble import (
    CannotCreatePods,
    CannotPullImage,
    CrashLoop,
    Trouble,
    Unschedulable,
    creation_trouble,
    late_trouble,
    may_pass,
    pause_of,
    pod_trouble,
    read_scale_up,
    subject_of,
)
from grpcdemo.kube.watch import Mirror, Query, wait_until
from grpcdemo.model import Done, Pod, Reporter, StepEvent, Waiting
from grpcdemo.resources.deployments import current_replica_set
from grpcdemo.resources.labels import APP_NAME, OURS, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, is_terminating, labels_of, owned_by
from grpcdemo.resources.pods import is_active, is_finished, is_ready, read_pod
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
TRIED_AGAIN_AT = "grpcdemo/tried-again-at"
"""The annotation on a ReplicaSet by whose change its controller is woken."""
SLOW_S = 5.0
"""How long a trouble that may pass is not worth a word: a scheduler needs a moment."""
WATCHES_DIFFER_S = 1.0
"""How much later than a refusal the pods may show that came before it: each kind has a watch of its own."""


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
    slow_s: float = SLOW_S,
    assist_s: float = SLOW_S,
) -> list[Pod]:
    """Wait until each Deployment has all its pods ready and every older pod is gone; return the pods.

    Raises GrpcdemoError with the reason as soon as only a change of the demo, or of the cluster's rules, can help; or
    after *timeout_s*: until then a node may join, a registry recover. *slow_s* later such a trouble is reported.
    *assist_s* is the pause between two looks at what an autoscaler or a controller in back-off does about it.
    """
    queries = {
        "deployments": Query(DEPLOYMENTS, namespace, OURS),
        "replica sets": Query(REPLICA_SETS, namespace, OURS),
        "pods": Query(PODS, namespace, OURS),
    }
    async with Mirror(api, queries) as mirror:
        rollout = _Rollout(mirror, names, report, slow_s)
        try:
            async with _assisting(api, namespace, rollout, assist_s):
                pods = await wait_until(mirror, rollout.look, timeout_s=timeout_s, report=rollout.report_loss)
        except _Stuck as stuck:
            raise await _explain(api, stuck.trouble) from stuck
        if pods is not None:
            return pods
        troubles = [*rollout.refusals, *_late_troubles(mirror["pods"], await _list_events(api, namespace))]
        unfinished = ", ".join(map(str, rollout.unfinished))
        raise GrpcdemoError(
            f"after {format_duration(timeout_s)} still waiting for {unfinished}{_list_reasons(troubles)}",
            hint=await _advise_on_timeout(api, troubles, namespace),
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

    def __init__(self, mirror: Mirror, names: Collection[str], report: Reporter, slow_s: float) -> None:
        self._mirror = mirror
        self._names = names
        self._report = report
        self._slow_s = slow_s
        self._clock = asyncio.get_running_loop().time
        self._since: dict[ObjectReference, float] = {}
        self._room_in_quotas = False
        self._settled: set[str] = set()
        self._reported = ""
        self.events: Sequence[Object] = ()
        """What an autoscaler may have said."""
        self.passing: list[Trouble] = []
        """What may pass by itself, as of the last look."""
        self.unfinished: list[_Progress] = []

    @property
    def refusals(self) -> list[CannotCreatePods]:
        return [trouble for trouble in self.passing if isinstance(trouble, CannotCreatePods)]

    def look(self) -> list[Pod] | None:
        self._watch_quotas()
        self.passing = []
        deployments = {deployment["metadata"]["name"]: deployment for deployment in self._mirror["deployments"]}
        progress = [self._progress(name, deployments.get(name)) for name in self._names]
        for one in progress:
            if one.settled and one.name not in self._settled:
                self._settled.add(one.name)
                self._report(Done(str(one)))
        self.unfinished = [one for one in progress if not one.settled]
        if not self.unfinished:
            return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.live]
        text = f"{', '.join(map(str, self.unfinished))}{_list_reasons(self._slow()[:1])}"
        if text != self._reported:
            self._reported = text
            self._report(Waiting(text))
        return None

    def _watch_quotas(self) -> None:
        """Note that pods of ours leave: each one makes room in a quota, and the controller tries again for long."""
        pods = [pod for pod in self._mirror["pods"] if not is_finished(pod)]
        desired = sum(deployment["spec"].get("replicas", 1) for deployment in self._mirror["deployments"])
        if len(pods) > desired or any(map(is_terminating, pods)):
            self._room_in_quotas = True

    def report_loss(self, event: StepEvent) -> None:
        """Report that the API is lost; the progress is reported again after that."""
        self._reported = ""
        self._report(event)

    def _slow(self) -> list[Trouble]:
        """What has not passed for so long that it is worth a word."""
        now, since = self._clock(), self._since
        self._since = {subject_of(trouble): since.get(subject_of(trouble), now) for trouble in self.passing}
        return [trouble for trouble in self.passing if now - self._since[subject_of(trouble)] >= self._slow_s]

    def _progress(self, name: str, deployment: Object | None) -> _Progress:
        if deployment is None:
            raise GrpcdemoError(f"Deployment {name} was deleted during its rollout")
        desired = deployment["spec"].get("replicas", 1)
        status = deployment.get("status", {})
        current = current_replica_set(deployment, owned_by(deployment, self._mirror["replica sets"]))
        pause = pause_of(deployment)
        if current is None:  # the controller has not created it yet
            if pause:
                raise _Stuck(pause)
            return _Progress(name, 0, desired, 0, settled=False)
        new, old = self._pods(name, labels_of(current).get(TEMPLATE_HASH))
        if pause and any(map(is_active, old)):
            raise _Stuck(pause)
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
        """Raise _Stuck if waiting is useless; remember what may pass."""
        for trouble in (creation_trouble(replica_set), *map(pod_trouble, pods)):
            if trouble is None:
                continue
            if not (may_pass(trouble) or self._may_fit_the_quota(trouble)):
                raise _Stuck(trouble)
            if isinstance(trouble, Unschedulable):
                trouble = read_scale_up(trouble, self.events)
            self.passing.append(trouble)

    def _may_fit_the_quota(self, trouble: Trouble) -> bool:
        """Whether a quota may have room later, because the rollout makes older pods leave."""
        if not isinstance(trouble, CannotCreatePods) or trouble.refusal is None:
            return False
        if trouble.refusal.by is not Refuser.QUOTA:
            return False
        now = self._clock()
        return self._room_in_quotas or now - self._since.get(subject_of(trouble), now) < WATCHES_DIFFER_S


@asynccontextmanager
async def _assisting(api: Api, namespace: str, rollout: _Rollout, every_s: float) -> AsyncIterator[None]:
    """Meanwhile, ask what an autoscaler says of unschedulable pods, and wake controllers that a quota has refused."""

    async def assist() -> None:
        while True:
            await asyncio.sleep(every_s)
            if any(isinstance(trouble, Unschedulable) for trouble in rollout.passing):
                rollout.events = await _list_events(api, namespace)
            for refusal in rollout.refusals:
                await _wake_controller(api, namespace, refusal.replica_set.name)

    task = asyncio.create_task(assist())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _wake_controller(api: Api, namespace: str, replica_set: str) -> None:
    """Touch the ReplicaSet, so that its pods are tried again now: the controller's back-off grows to minutes."""
    body = {"metadata": {"annotations": {TRIED_AGAIN_AT: datetime.now(timezone.utc).isoformat(timespec="seconds")}}}
    with suppress(ApiError):  # then the back-off passes
        await api.patch(REPLICA_SETS, replica_set, body, namespace=namespace)


async def _list_events(api: Api, namespace: str) -> Sequence[Object]:
    """The namespace's events; none if they cannot be read, because they only explain."""
    try:
        events: list[Object] = (await api.list(EVENTS, namespace=namespace))["items"]
    except ApiError:
        return ()
    return events


async def _explain(api: Api, trouble: Trouble) -> GrpcdemoError:
    if isinstance(trouble, CrashLoop):
        container = ContainerRef(trouble.pod.namespace or "", trouble.pod.name, trouble.container)
        trouble = replace(trouble, last_lines=tuple(await last_lines(api, container, count=5)))
    return GrpcdemoError(describe(trouble), hint=await _advise(api, trouble))


def _late_troubles(pods: Collection[Object], events: Collection[Object]) -> list[Trouble]:
    return [late_trouble(pod, events) for pod in pods if not is_ready(pod) or is_terminating(pod)]


def _list_reasons(troubles: Collection[Trouble]) -> str:
    """The first few reasons why pods are not ready yet, after a colon; the same reason of several pods only once."""
    reasons: dict[str, str] = {}
    for trouble in troubles:
        text = describe(trouble)
        reasons.setdefault(text.replace(subject_of(trouble).name, ""), text)
    return f": {'; '.join([*reasons.values()][:3])}" if reasons else ""


async def _advise(api: Api, trouble: Trouble) -> Hint | str | None:
    cluster = await find_local_cluster(api) if isinstance(trouble, CannotPullImage) else None
    return advise(trouble, cluster)


async def _advise_on_timeout(api: Api, troubles: Collection[Trouble], namespace: str) -> Hint | str:
    """What helps against the first trouble for which we know it."""
    for trouble in troubles:
        if advice := await _advise(api, trouble):
            return advice
    return Hint("see ", Kubectl("describe", "pods", namespace=namespace), ", or wait longer with --timeout")
