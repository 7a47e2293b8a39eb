"""Which workload a pod belongs to: what a user names, scales and restarts."""

from __future__ import annotations

from grpcdemo.resources.istio import PROXY_CONTAINER, WORKLOAD_NAME
from grpcdemo.resources.labels import TEMPLATE_HASH
from grpcdemo.resources.objects import Object, controller_of, labels_of
from grpcdemo.resources.pod_status import sidecars_of
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


def name_in_mesh(pod: Object) -> str:
    """What Istio's statistics call its workload: the injector writes it down beside the sidecar."""
    proxies = (one for one in (*sidecars_of(pod), *pod["spec"]["containers"]) if one["name"] == PROXY_CONTAINER)
    named = {one["name"]: str(one.get("value", "")) for proxy in proxies for one in proxy.get("env") or []}
    workload = workload_of(pod)
    return named.get(WORKLOAD_NAME) or (workload.name if workload else str(pod["metadata"]["name"]))
