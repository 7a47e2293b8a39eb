"""Which workload a pod belongs to: what a user names, scales and restarts."""

from __future__ import annotations

from grpcdemo.resources.labels import TEMPLATE_HASH
from grpcdemo.resources.objects import Object, controller_of, labels_of
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import DAEMON_SETS, DEPLOYMENTS, JOBS, REPLICA_SETS, STATEFUL_SETS

BY_KIND = {resource.kind: resource for resource in (REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS)}


def workload_of(pod: Object) -> ObjectReference | None:
    """What a user scales or restarts: the Deployment of the pod's ReplicaSet, or another controller."""
    owner = controller_of(pod)
    if owner is None:
        return None
    namespace = pod["metadata"]["namespace"]
    suffix = f"-{labels_of(pod).get(TEMPLATE_HASH)}"
    if owner["kind"] == "ReplicaSet" and owner["name"].endswith(suffix):
        return ObjectReference(DEPLOYMENTS, owner["name"].removesuffix(suffix), namespace)
    resource = BY_KIND.get(owner["kind"])
    return ObjectReference(resource, owner["name"], namespace) if resource else None
