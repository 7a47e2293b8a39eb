"""Our Service and Deployments in the cluster: apply them, try out a pod, list what is there."""

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


async def apply(api: Api, wanted: Object) -> Applied:
    """Create *wanted*, or bring what exists to it.

    Raises Conflict where an object of that name exists that is not ours.
    """
    resource, metadata = BY_KIND[wanted["kind"]], wanted["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    try:
        await api.create(resource, wanted, namespace=namespace)
        return "created"
    except Conflict:
        existing = await api.get(resource, name, namespace=namespace)
    if not is_ours(existing):
        raise Conflict(
            f"{wanted['kind']} {name} exists in namespace {namespace} and was not made by grpcdemo",
            hint="choose another namespace with --namespace",
        )
    body = {"metadata": {"labels": metadata["labels"]}, "spec": wanted["spec"]}
    patched = await api.patch(resource, name, body, namespace=namespace)
    # The version also moves with the status, which a controller may write at any time; the spec is what counts.
    return "unchanged" if patched["spec"] == existing["spec"] else "changed"


async def our_deployments(api: Api, namespace: str) -> list[Object]:
    found: list[Object] = (await api.list(DEPLOYMENTS, namespace=namespace, selector=OURS))["items"]
    return found


async def our_pods(api: Api, namespace: str) -> list[Pod]:
    """Every pod of ours that has not ended, in the order of their names."""
    items = (await api.list(PODS, namespace=namespace, selector=OURS))["items"]
    return sorted((pod for pod in map(read_pod, items) if not pod.finished), key=lambda pod: (pod.app, pod.name))


async def try_pods(api: Api, namespace: str, deployments: Iterable[Object]) -> list[Pod] | None:
    """What a new pod of each Deployment would be, after every admission plugin and webhook; none is made.

    None where this user may not create pods. Raises Rejected with what the cluster would refuse a real one
    with: quota, PodSecurity, a webhook that does not answer.
    """
    try:
        return list(await asyncio.gather(*(_try_pod(api, namespace, found) for found in deployments)))
    except Forbidden:
        return None


async def _try_pod(api: Api, namespace: str, deployment: Object) -> Pod:
    template = deployment["spec"]["template"]
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{deployment['metadata']['name']}-",
            "labels": labels_of(template),
            "annotations": template["metadata"].get("annotations") or {},
        },
        "spec": template["spec"],
    }
    return read_pod(await api.create(PODS, body, namespace=namespace, dry_run=True))


def injected_labels(deployments: list[Object]) -> dict[str, str]:
    """The labels of a pod of ours by which an injector may choose, but for those that refuse it."""
    found = labels_of(deployments[0]["spec"]["template"]) if deployments else {}
    return {key: value for key, value in found.items() if key != INJECT}


def refusing_injection(deployments: list[Object]) -> list[str]:
    """The Deployments whose pod template says that no proxy is wanted, which beats every namespace label."""
    return [found["metadata"]["name"] for found in deployments if _refuses(found["spec"]["template"])]


def _refuses(template: Object) -> bool:
    return "false" in (labels_of(template).get(INJECT), annotations_of(template).get(INJECT))
