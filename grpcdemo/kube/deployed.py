"""Our Service and Deployments: apply them, list them and their pods, create their pods in a dry run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

from grpcdemo.errors import Conflict, Forbidden
from grpcdemo.kube.api import Api
from grpcdemo.model import Pod
from grpcdemo.resources.istio import INJECT
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object, annotations_of, is_ours, labels_of
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import BY_KIND, DEPLOYMENTS, PODS

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


async def our_pods(api: Api, namespace: str) -> list[Pod]:
    """Our pods, except finished ones, by app and name."""
    items = (await api.list(PODS, namespace=namespace, selector=OURS))["items"]
    return sorted((pod for pod in map(read_pod, items) if not pod.finished), key=lambda pod: (pod.app, pod.name))


async def dry_run_pods(api: Api, namespace: str, deployments: Iterable[Object]) -> list[Pod] | None:
    """A new pod of each Deployment as admission plugins and webhooks leave it; none is persisted.

    None if this user may not create pods. Raises Rejected if the cluster would refuse the pod: quota,
    PodSecurity, a webhook that refuses or is unreachable.
    """
    try:
        return list(await asyncio.gather(*(_dry_run_pod(api, namespace, deployment) for deployment in deployments)))
    except Forbidden:
        return None


async def _dry_run_pod(api: Api, namespace: str, deployment: Object) -> Pod:
    template = deployment["spec"]["template"]
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{deployment['metadata']['name']}-",
            "labels": labels_of(template),
            "annotations": annotations_of(template),
        },
        "spec": template["spec"],
    }
    return read_pod(await api.create(PODS, body, namespace=namespace, dry_run=True))


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
