"""Kubernetes objects as a cluster tells them, with as much in them as a test asks for."""

from typing import Any

from grpcdemo.resources.objects import Object

HASH = "7d4b9c8f6"
CREATED = "2026-05-04T10:11:12Z"


def labels(app: str, template_hash: str = HASH) -> dict[str, str]:
    return {
        "app": app,
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/part-of": "grpcdemo",
        "app.kubernetes.io/managed-by": "grpcdemo",
        "pod-template-hash": template_hash,
    }


def running(name: str, *, ready: bool = True, restarts: int = 0, started: bool = True) -> Object:
    """A containerStatus of a container that runs."""
    state = {"running": {"startedAt": CREATED}}
    return {"name": name, "ready": ready, "restartCount": restarts, "started": started, "state": state}


def waiting(name: str, reason: str, message: str = "", **more: Any) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "ready": False, "restartCount": 0, "started": False, "state": state, **more}


def terminated(name: str, reason: str | None = "Completed", code: int = 0) -> Object:
    ended = {"exitCode": code, "finishedAt": CREATED, **({"reason": reason} if reason else {})}
    return {"name": name, "ready": False, "restartCount": 0, "started": False, "state": {"terminated": ended}}


def pod(
    name: str = f"grpc-server-{HASH}-x2x8k",
    *,
    app: str = "grpc-server",
    containers: list[Object] | None = None,
    inits: list[Object] | None = None,
    sidecars: list[str] | None = None,
    phase: str = "Running",
    ready: bool = True,
    ip: str | None = "10.244.0.7",
    metadata: Object | None = None,
    status: Object | None = None,
) -> Object:
    """A pod with these container statuses; the init containers named in *sidecars* are restarted always."""
    containers = containers if containers is not None else [running(app)]
    inits = inits or []
    policies = {each["name"]: {"restartPolicy": "Always"} for each in inits if each["name"] in (sidecars or [])}
    return {
        "metadata": {
            "name": name,
            "namespace": "istio-grpc-demo",
            "uid": f"uid-of-{name}",
            "creationTimestamp": CREATED,
            "labels": labels(app),
            **(metadata or {}),
        },
        "spec": {
            "containers": [{"name": each["name"], "image": "x"} for each in containers],
            "initContainers": [{"name": each["name"], **policies.get(each["name"], {})} for each in inits],
            "nodeName": "kind-worker",
        },
        "status": {
            "phase": phase,
            "podIP": ip,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": containers,
            "initContainerStatuses": inits,
            **(status or {}),
        },
    }


def deployment(name: str, *, replicas: int = 1, generation: int = 1, **status: int) -> Object:
    """A settled Deployment, except for *status*."""
    counts = {"observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "generation": generation, "uid": f"uid-of-{name}"},
        "spec": {"replicas": replicas},
        "status": {**counts, "availableReplicas": replicas, **status},
    }
