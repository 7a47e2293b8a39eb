"""Restart our Deployments, and wait until their new pods are ready and no old pod is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone

from grpcdemo.durations import format_duration
from grpcdemo.errors import ApiError, GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.advice import advise, describe
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.local_cluster import find_local_cluster
from grpcdemo.kube.rollout.progress import RolloutProgress, Stuck, list_reasons
from grpcdemo.kube.streams.logs import ContainerRef, last_lines
from grpcdemo.kube.streams.watch import Mirror, Query, wait_until
from grpcdemo.kube.symptoms import late_trouble
from grpcdemo.kube.trouble import CannotPullImage, CrashLoop, Trouble, Unschedulable
from grpcdemo.model.pods import Pod
from grpcdemo.model.progress import Done, Reporter
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
TRIED_AGAIN_AT = "grpcdemo/tried-again-at"
"""The annotation on a ReplicaSet by whose change its controller is woken."""
SLOW_S = 5.0
"""How long a trouble that may pass is not worth a word: a scheduler needs a moment."""


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
            report(Done(f"{' and '.join(restarted)} restarted", commands=(restart_command(deployments),)))


def restart_command(deployments: Collection[Object]) -> Kubectl:
    """The command that does the same."""
    (namespace,) = {deployment["metadata"]["namespace"] for deployment in deployments}
    names = [reference_to(DEPLOYMENTS, deployment).singular for deployment in deployments]
    return Kubectl("rollout", "restart", *names, namespace=namespace)


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
        rollout = RolloutProgress(mirror, namespace, names, report, slow_s)
        try:
            async with _assisting(api, namespace, rollout, assist_s):
                pods = await wait_until(mirror, rollout.look, timeout_s=timeout_s, report=rollout.report_loss)
        except Stuck as stuck:
            raise await _explain(api, stuck.trouble) from stuck
        if pods is not None:
            return pods
        troubles = [*rollout.refusals, *_late_troubles(mirror["pods"], await _list_events(api, namespace))]
        unfinished = ", ".join(map(str, rollout.unfinished))
        raise GrpcdemoError(
            f"timed out after {format_duration(timeout_s)} waiting for {unfinished}{list_reasons(troubles)}",
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


@asynccontextmanager
async def _assisting(api: Api, namespace: str, rollout: RolloutProgress, every_s: float) -> AsyncIterator[None]:
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


async def _advise(api: Api, trouble: Trouble) -> Hint | str | None:
    cluster = await find_local_cluster(api) if isinstance(trouble, CannotPullImage) else None
    return advise(trouble, cluster)


async def _advise_on_timeout(api: Api, troubles: Collection[Trouble], namespace: str) -> Hint | str:
    """What helps against the first trouble for which we know it."""
    for trouble in troubles:
        if advice := await _advise(api, trouble):
            return advice
    return Hint("see ", Kubectl("describe", "pods", namespace=namespace), ", or wait longer with --timeout")
