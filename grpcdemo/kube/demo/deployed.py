"""Our Service and Deployments: apply them, list them and their pods, create their pods in a dry run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Literal

from grpcdemo.errors import ApiError, Conflict, Forbidden, GrpcdemoError, NotFound
from grpcdemo.kube.advice import advise_on_gap, describe_gap
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.trouble import Gap, Missing, NoDemo, ScaledToZero
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod, Workload
from grpcdemo.resources.istio import INJECT
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object, annotations_of, is_ours, labels_of
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import BY_KIND, DEPLOYMENTS, NAMESPACES, PODS, SERVICES, Resource

Applied = Literal["created", "changed", "unchanged"]


async def apply(api: Api, manifest: Object) -> Applied:
    """Create the object of *manifest*, or update it. Raises Conflict if one of that name exists that is not ours."""
    resource, metadata = BY_KIND[manifest["kind"]], manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    existing = await api.find(resource, name, namespace=namespace)
    outcome: Applied = "unchanged" if existing else "created"
    if existing is None:
        try:
            await api.create(resource, manifest, namespace=namespace)
            return outcome
        except Conflict:
            existing = await api.find(resource, name, namespace=namespace)
            if existing is None:
                raise
    if not is_ours(existing):
        raise Conflict(
            f"{manifest['kind']} {name} exists in namespace {namespace}, and grpcdemo did not create it",
            hint="choose another namespace with --namespace",
        )
    uid, labels = existing["metadata"]["uid"], metadata["labels"]
    body = {"metadata": {"uid": uid, "labels": labels}, "spec": manifest["spec"]}
    patched = await api.patch(resource, name, body, namespace=namespace)
    # The version also moves with the status, which a controller may write at any time; the spec is what counts.
    return outcome if patched["spec"] == existing["spec"] else "changed"


async def our_deployments(api: Api, namespace: str) -> list[Object]:
    deployments: list[Object] = (await api.list(DEPLOYMENTS, namespace=namespace, selector=OURS))["items"]
    return deployments


def read_workloads(deployments: Iterable[Object]) -> tuple[Workload, ...]:
    """The demo's Deployments, also those that are missing."""
    by_name = {deployment["metadata"]["name"]: deployment for deployment in deployments}
    return tuple(_read_workload(name, by_name.get(name)) for name in (SERVER_APP, CLIENT_APP))


def _read_workload(name: str, deployment: Object | None) -> Workload:
    if deployment is None:
        return Workload(name, None)
    spec, ready = deployment["spec"], deployment.get("status", {}).get("readyReplicas", 0)
    return Workload(name, spec.get("replicas", 1), ready, bool(spec.get("paused")))


def gaps_of(namespace: str, deployments: Iterable[Object]) -> list[Gap]:
    """Which of the demo's Deployments are missing, or are to have no pods."""
    workloads = read_workloads(deployments)
    if all(workload.replicas is None for workload in workloads):
        return [NoDemo(namespace)]
    gaps: list[Gap] = []
    for workload in workloads:
        reference = ObjectReference(DEPLOYMENTS, workload.name, namespace)
        if workload.replicas is None:
            gaps.append(Missing(reference))
        elif not workload.replicas:
            gaps.append(ScaledToZero(reference))
    return gaps


async def find_gaps(api: Api, namespace: str) -> list[Gap]:
    """The same, and whether there are a namespace and a Service, as far as this user may look."""
    gaps, no_namespace, no_service = await asyncio.gather(
        _deployment_gaps(api, namespace),
        _is_missing(api, NAMESPACES, namespace),
        _is_missing(api, SERVICES, SERVER_APP, namespace),
    )
    if no_namespace:
        return [NoDemo(namespace, exists=False)]
    return [*gaps, Missing(ObjectReference(SERVICES, SERVER_APP, namespace))] if no_service else gaps


async def _deployment_gaps(api: Api, namespace: str) -> list[Gap]:
    try:
        return gaps_of(namespace, await our_deployments(api, namespace))
    except Forbidden:
        return []


async def _is_missing(api: Api, resource: Resource, name: str, namespace: str | None = None) -> bool:
    try:
        return await api.find(resource, name, namespace=namespace) is None
    except Forbidden:
        return False


def require_whole(namespace: str, deployments: Iterable[Object]) -> None:
    """Raise if a Deployment of the demo is missing, or wants no pods: nothing could be said of its pods."""
    for gap in gaps_of(namespace, deployments):
        half = "part of the demo is missing: " if isinstance(gap, Missing) else ""
        kind = GrpcdemoError if isinstance(gap, ScaledToZero) else NotFound
        raise kind(f"{half}{describe_gap(gap)}", hint=advise_on_gap(gap))


async def our_pods(api: Api, namespace: str) -> list[Pod]:
    """Our pods, by app and name, without finished ones that stay, as evicted ones do: nothing waits for those to go."""
    items = (await api.list(PODS, namespace=namespace, selector=OURS))["items"]
    there = [pod for pod in map(read_pod, items) if not pod.finished or pod.deleting]
    return sorted(there, key=lambda pod: (pod.app, pod.name))


async def dry_run_pods(api: Api, namespace: str, deployments: Iterable[Object]) -> list[Pod]:
    """A new pod of each Deployment as admission plugins and webhooks leave it; none is persisted.

    Raises Forbidden if this user may not create pods, NoDryRun if a webhook cannot take part in one, and Rejected if
    the cluster would refuse the pod: quota, PodSecurity, a webhook that refuses or is unreachable.
    """
    return list(await asyncio.gather(*(_dry_run_pod(api, namespace, deployment) for deployment in deployments)))


async def _dry_run_pod(api: Api, namespace: str, deployment: Object) -> Pod:
    return read_pod(await api.create(PODS, _new_pod(deployment), namespace=namespace, dry_run=True))


async def injected_pod(api: Api, deployment: Object, labels: Mapping[str, str]) -> Object | None:
    """A new pod of *deployment* with more *labels*, as an injector leaves it; None if that cannot be seen.

    A dry run in the namespace `default`, which every cluster has, shows it to whoever may create pods there.
    """
    pod = _new_pod(deployment)
    pod["metadata"]["labels"] = {**labels_of(pod), **labels}
    try:
        return await api.create(PODS, pod, namespace="default", dry_run=True)
    except ApiError:
        return None


def _new_pod(deployment: Object) -> Object:
    template = deployment["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{deployment['metadata']['name']}-",
            "labels": labels_of(template),
            "annotations": annotations_of(template),
        },
        "spec": template["spec"],
    }


def injected_labels(deployments: list[Object]) -> dict[str, str]:
    """The labels of our pods that an injector may select, without an opt-out."""
    labels = labels_of(deployments[0]["spec"]["template"]) if deployments else {}
    return {key: value for key, value in labels.items() if key != INJECT}


def opting_out(deployments: list[Object]) -> list[str]:
    """The Deployments whose pod template opts out of injection, which beats every namespace label."""
    templates = {deployment["metadata"]["name"]: deployment["spec"]["template"] for deployment in deployments}
    return [
        name
        for name, pod in templates.items()
        if "false" in (labels_of(pod).get(INJECT), annotations_of(pod).get(INJECT))
    ]
