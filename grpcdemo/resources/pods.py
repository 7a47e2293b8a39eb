"""Reading pods: what `kubectl get pods -o wide` shows of one, and the Istio proxy in it."""

from __future__ import annotations

from grpcdemo.model.pods import Pod, ProxyKind
from grpcdemo.resources.istio import PROXY_CONTAINER, XDS_BOOTSTRAP
from grpcdemo.resources.labels import APP_NAME
from grpcdemo.resources.objects import Object, annotations_of, has_condition, is_terminating, labels_of
from grpcdemo.resources.pod_status import FINISHED, read_pod_status, sidecars_of

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def read_pod(pod: Object) -> Pod:
    metadata, spec, status = pod["metadata"], pod["spec"], read_pod_status(pod)
    return Pod(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        app=labels_of(pod).get(APP_NAME, ""),
        status=status.text,
        ready_containers=status.ready,
        containers=status.containers,
        restarts=status.restarts,
        ip=(pod.get("status") or {}).get("podIP"),
        node=spec.get("nodeName"),
        proxy=proxy_kind(pod),
        ready=is_ready(pod),
        deleting=is_terminating(pod),
        finished=is_finished(pod),
    )


def is_ready(pod: Object) -> bool:
    """The condition Ready, which is what puts a pod behind a Service."""
    return has_condition(pod, "Ready")


def is_finished(pod: Object) -> bool:
    """Succeeded or failed: it never runs again."""
    return (pod.get("status") or {}).get("phase") in FINISHED


def is_active(pod: Object) -> bool:
    """Neither finished nor terminating: it counts as a replica."""
    return not is_finished(pod) and not is_terminating(pod)


def is_running(pod: Object) -> bool:
    """It has started, and nobody has asked it to end."""
    return is_active(pod) and (pod.get("status") or {}).get("phase") == "Running"


def default_container(pod: Object) -> str:
    """The one that kubectl takes, too."""
    names = [str(container["name"]) for container in pod["spec"]["containers"]]
    default = annotations_of(pod).get(DEFAULT_CONTAINER)
    return default if default in names else names[0]


def pod_ips(pod: Object) -> list[str]:
    """In every family; none while it has none."""
    status = pod.get("status") or {}
    listed = [one["ip"] for one in status.get("podIPs") or []]
    return listed or [*filter(None, [status.get("podIP")])]


def proxy_kind(pod: Object) -> ProxyKind | None:
    """How Istio's proxy is in the pod: as a native sidecar, Istio's default today, or as one more container."""
    if any(sidecar["name"] == PROXY_CONTAINER for sidecar in sidecars_of(pod)):
        return "native sidecar"
    if any(container["name"] == PROXY_CONTAINER for container in pod["spec"]["containers"]):
        return "container"
    return None


def has_xds(pod: Object) -> bool:
    """Whether an agent in the pod answers its gRPC clients by xDS."""
    variables = (variable for container in pod["spec"]["containers"] for variable in container.get("env") or [])
    return any(variable["name"] == XDS_BOOTSTRAP for variable in variables)


def proxy_image(pod: Object) -> str | None:
    """The image of Istio's proxy in the pod, if there is one."""
    container = proxy_container(pod)
    return container["image"] if container else None


def proxy_container(pod: Object) -> Object | None:
    """Istio's proxy in the pod."""
    containers = (*sidecars_of(pod), *pod["spec"]["containers"])
    return next((container for container in containers if container["name"] == PROXY_CONTAINER), None)
