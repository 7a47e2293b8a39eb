"""How far a rollout is, what may resolve itself, and what makes waiting pointless: from live copies of objects."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, Kubectl
from grpcdemo.kube.advice import describe
from grpcdemo.kube.messages import Refuser
from grpcdemo.kube.streams.watch import Mirror
from grpcdemo.kube.symptoms import creation_trouble, pause_of, pod_trouble, read_scale_up
from grpcdemo.kube.trouble import CannotCreatePods, Trouble, Unschedulable, may_pass, subject_of
from grpcdemo.model.pods import Pod
from grpcdemo.model.progress import Done, Reporter, StepEvent, Waiting
from grpcdemo.resources.deployments import current_replica_set
from grpcdemo.resources.labels import APP_NAME, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, is_terminating, labels_of, owned_by
from grpcdemo.resources.pods import is_active, is_finished, is_ready, read_pod
from grpcdemo.resources.references import ObjectReference

WATCHES_DIFFER_S = 1.0
"""How much later than a refusal the pods may show that came before it: each kind has a watch of its own."""


class Stuck(GrpcdemoError):
    """Waiting is useless, because of *trouble*."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(describe(trouble))
        self.trouble = trouble


@dataclass(frozen=True)
class DeploymentProgress:
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


class RolloutProgress:
    """Reads a rollout's progress from a mirror and reports it."""

    def __init__(self, mirror: Mirror, namespace: str, names: Collection[str], report: Reporter, slow_s: float) -> None:
        self._mirror = mirror
        self._namespace = namespace
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
        self.unfinished: list[DeploymentProgress] = []

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
                self._report(Done(str(one), commands=(self._status_command(one.name),)))
        self.unfinished = [one for one in progress if not one.settled]
        if not self.unfinished:
            return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.live]
        text = f"{', '.join(map(str, self.unfinished))}{list_reasons(self._slow()[:1])}"
        if text != self._reported:
            self._reported = text
            self._report(Waiting(text))
        return None

    def _status_command(self, name: str) -> Kubectl:
        return Kubectl("rollout", "status", f"deployment/{name}", namespace=self._namespace)

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

    def _progress(self, name: str, deployment: Object | None) -> DeploymentProgress:
        if deployment is None:
            raise GrpcdemoError(f"Deployment {name} was deleted during its rollout")
        desired = deployment["spec"].get("replicas", 1)
        status = deployment.get("status", {})
        current = current_replica_set(deployment, owned_by(deployment, self._mirror["replica sets"]))
        pause = pause_of(deployment)
        if current is None:  # the controller has not created it yet
            if pause:
                raise Stuck(pause)
            return DeploymentProgress(name, 0, desired, 0, settled=False)
        new, old = self._pods(name, labels_of(current).get(TEMPLATE_HASH))
        if pause and any(map(is_active, old)):
            raise Stuck(pause)
        self._stop_if_stuck(current, new)
        observed = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        counts = (len(new), status.get("availableReplicas", 0), status.get("replicas", 0))
        settled = observed and not old and set(counts) == {desired}
        ready = sum(map(is_ready, new))
        return DeploymentProgress(name, ready, desired, len(old), settled and ready == desired)

    def _pods(self, name: str, new_hash: str | None) -> tuple[list[Object], list[Object]]:
        """The Deployment's pods of the new template, and the older ones."""
        # A finished pod that is not deleted stays, as an evicted one does.
        there = [pod for pod in self._mirror["pods"] if not is_finished(pod) or is_terminating(pod)]
        pods = [pod for pod in there if labels_of(pod).get(APP_NAME) == name]
        new = [pod for pod in pods if labels_of(pod).get(TEMPLATE_HASH) == new_hash and is_active(pod)]
        return new, [pod for pod in pods if pod not in new]

    def _stop_if_stuck(self, replica_set: Object, pods: list[Object]) -> None:
        """Raise Stuck if waiting is useless; remember what may pass."""
        for trouble in (creation_trouble(replica_set), *map(pod_trouble, pods)):
            if trouble is None:
                continue
            if not (may_pass(trouble) or self._may_fit_the_quota(trouble)):
                raise Stuck(trouble)
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


def list_reasons(troubles: Collection[Trouble]) -> str:
    """The first few reasons why pods are not ready yet, after a colon; the same reason of several pods only once."""
    reasons: dict[str, str] = {}
    for trouble in troubles:
        text = " ".join(describe(trouble).split())
        reasons.setdefault(text.replace(subject_of(trouble).name, ""), text)
    return f": {'; '.join([*reasons.values()][:3])}" if reasons else ""
