"""A second try: replace what an earlier command left stuck, so that only what happens from now on is judged.

A pod keeps the image pull secrets that it was created with, and a kubelet's back-off grows to five minutes. So does
the back-off of the controller whose pods were refused, and until then the ReplicaSet's condition keeps the refusal.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from grpcdemo.errors import Conflict, Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.symptoms import creation_trouble, pod_trouble
from grpcdemo.kube.trouble import ContainerTrouble
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.references import listed, reference_to
from grpcdemo.resources.resource import PODS, REPLICA_SETS, Resource


async def replace_stuck(api: Api, namespace: str, report: Reporter) -> None:
    """Delete our stuck pods and ReplicaSets; their controllers create new ones. No other pod is touched."""
    replica_sets, pods = await asyncio.gather(
        api.list(REPLICA_SETS, namespace=namespace, selector=OURS), api.list(PODS, namespace=namespace, selector=OURS)
    )
    refused = [(REPLICA_SETS, one) for one in replica_sets["items"] if creation_trouble(one)]
    backing_off = [(PODS, pod) for pod in pods["items"] if is_active(pod) and _is_stuck(pod)]
    stuck = [*refused, *backing_off]
    if not stuck:
        return
    names = listed([reference_to(resource, obj) for resource, obj in stuck])
    try:
        await asyncio.gather(*(_replace(api, resource, obj) for resource, obj in stuck))
    except Forbidden as error:
        report(Warned(f"could not replace objects that an earlier attempt left stuck ({names}): {error.message}"))
    else:
        report(Done(f"{names} deleted, to be recreated: an earlier attempt left them stuck"))


def _is_stuck(pod: Object) -> bool:
    return isinstance(pod_trouble(pod), ContainerTrouble)


async def _replace(api: Api, resource: Resource, obj: Object) -> None:
    """Delete an object that is as it was; a ReplicaSet leaves its pods to the next one of the same template."""
    metadata, orphan = obj["metadata"], resource is REPLICA_SETS
    with suppress(NotFound, Conflict):
        await api.delete(
            resource, metadata["name"], uid=metadata["uid"], namespace=metadata["namespace"], orphan=orphan
        )
