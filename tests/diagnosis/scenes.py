"""A healthy scene (a Service, three server pods, a client with a sidecar), and the parts that a test changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from grpcdemo.diagnosis.examination import Diagnosis, examine_clients
from grpcdemo.diagnosis.finding import Finding, Severity
from grpcdemo.diagnosis.inventory import Inventory
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    PODS,
    SERVICES,
    Resource,
)
from grpcdemo.resources.rights import Right
from tests.fakes.webhooks import default_install

SHOP = "shop"
HOST = f"cart.{SHOP}.svc.cluster.local"
HASH = "7d4b9c8f6"
RESTART = [
    "kubectl rollout restart deployment/web --namespace shop",
    "kubectl rollout status deployment/web --timeout=5m --namespace shop",
]
"""New pods of the client, with new connections."""
ENABLED = {"istio-injection": "enabled"}
ISTIO = ("networking.istio.io", "security.istio.io", "telemetry.istio.io")
PORT = {"name": "grpc", "port": 50051, "targetPort": 50051, "protocol": "TCP"}


def named(name: str, namespace: str = SHOP, *, spec: Object | None = None, **metadata: Any) -> Object:
    """Any object."""
    return {"metadata": {"name": name, "namespace": namespace, **metadata}, "spec": spec or {}}


def pod(
    name: str,
    app: str = "web",
    *,
    sidecar: str = "",
    namespace: str = SHOP,
    node: str = "node-1",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    ready: bool = True,
    **spec: Any,
) -> Object:
    """*sidecar*: `native`, `container`, or the name of another proxy's container."""
    container = {"name": app, "ports": [{"name": "grpc", "containerPort": 50051}], **spec.pop("container", {})}
    proxies = {"": [], "native": [], "container": [{"name": "istio-proxy"}]}.get(sidecar, [{"name": sidecar}])
    if sidecar == "native":
        spec["initContainers"] = [{"name": "istio-proxy", "restartPolicy": "Always"}]
    return {
        "metadata": {
            "name": f"{name}",
            "namespace": namespace,
            "labels": {"app": app, "pod-template-hash": HASH, **(labels or {})},
            "annotations": dict(annotations or {}),
            "creationTimestamp": "2026-05-04T10:11:12Z",
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{app}-{HASH}", "uid": "1", "controller": True}],
        },
        "spec": {"nodeName": node, "containers": [container, *proxies], **spec},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def servers(count: int = 3, *, nodes: Iterable[str] = (), **fields: Any) -> list[Object]:
    on = [*nodes] or ["node-1"] * count
    return [pod(f"cart-{HASH}-{index}", "cart", node=node, **fields) for index, node in enumerate(on)]


def client(
    *pods: Object,
    resource: Resource = DEPLOYMENTS,
    namespace: str = SHOP,
    on_workload: Mapping[str, str] | None = None,
    **fields: Any,
) -> Client:
    """The Deployment web with one pod, which has a sidecar unless it is said otherwise."""
    pods = pods or (pod(f"web-{HASH}-1", namespace=namespace, **{"sidecar": "native", **fields}),)
    workload = named("web", namespace, annotations=dict(on_workload or {}))
    return Client(ObjectReference(resource, "web", namespace), workload, pods)


def outside(**fields: Any) -> Client:
    """The same client without a sidecar."""
    return client(**{"sidecar": "", **fields})


def slice_of(pods: Iterable[Object], zones: Mapping[str, str]) -> Object:
    endpoints = [
        {
            "addresses": [f"10.0.0.{index}"],
            "conditions": {"ready": one["status"]["conditions"][0]["status"] == "True"},
            "nodeName": one["spec"]["nodeName"],
            "zone": zones.get(one["spec"]["nodeName"]),
            "targetRef": {"kind": "Pod", "name": one["metadata"]["name"]},
        }
        for index, one in enumerate(pods)
    ]
    ports = [{"name": "grpc", "port": 50051}]
    return {**named("cart-x", labels={SERVICE_NAME: "cart"}), "ports": ports, "endpoints": endpoints}


MESHED = client()


def scene(
    objects: Mapping[Resource, list[Object]] | None = None,
    *,
    caller: Client | None = MESHED,
    service: Object | None = None,
    port: Object | None = None,
    pods: list[Object] | None = None,
    others: Iterable[Object] = (),
    zones: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    namespaces: Mapping[str, Mapping[str, str]] | None = None,
    webhooks: list[Object] | None = None,
    missing: Iterable[Right] = (),
    groups: Iterable[str] = ISTIO,
) -> Scene:
    """*service* is a part of its spec, *port* of its port; *pods* are the servers, *others* more pods."""
    ports = [{**PORT, **(port or {})}]
    spec = {"clusterIP": "10.96.0.9", "selector": {"app": "cart"}, "ports": ports, **(service or {})}
    behind = servers() if pods is None else pods
    around = {name: dict(one) for name, one in {SHOP: ENABLED, **(namespaces or {})}.items()}
    subject = named("cart", spec=spec, labels=dict(labels or {}), annotations=dict(annotations or {}))
    slices = [slice_of(behind, zones or {})]
    for slice_ in slices:
        slice_["ports"] = [{"name": ports[0]["name"], "port": 50051}] if ports[0].get("name") else [{"port": 50051}]
    inventory = Inventory(
        {
            SERVICES: [subject],
            ENDPOINT_SLICES: slices,
            PODS: [*behind, *(caller.pods if caller else ()), *others],
            NAMESPACES: [named(name, "", labels=one) for name, one in around.items()],
            MUTATING_WEBHOOKS: default_install() if webhooks is None else webhooks,
            **(objects or {}),
        },
        missing,
        groups,
    )
    return Scene(subject, ports[0], inventory, caller)


def examine(subject: Scene) -> Diagnosis:
    """As the user has named the client, if there is one."""
    return examine_clients(subject, [subject.client] if subject.client else [], named=True)


def found(subject: Scene) -> dict[str, Severity]:
    """What applies, or could not be checked, by id, in its order."""
    return {finding.id: finding.severity for finding in examine(subject).findings}


def finding(subject: Scene, name: str) -> Finding:
    return next(one for one in examine(subject).findings if one.id == name)


def commands(subject: Scene, name: str) -> list[str]:
    return finding(subject, name).remedy.lines()


def may_not(resource: Resource, namespace: str | None = None) -> Right:
    return Right("list", resource, namespace)
