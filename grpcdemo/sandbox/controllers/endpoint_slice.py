"""EndpointSlices: the pods of each Service, and whether they are ready."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, is_terminating, labels_of, namespaced_name
from grpcdemo.resources.pod_status import sidecars_of
from grpcdemo.resources.pods import is_finished, is_ready
from grpcdemo.resources.resource import ENDPOINT_SLICES, HEADLESS, PODS, SERVICES
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import controller_reference, namespace_is_closed

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
HEADLESS_LABEL = "service.kubernetes.io/headless"

Ports = tuple[tuple[str, int, str, str], ...]
"""Name, number, protocol and application protocol (may be empty) of each port."""


class EndpointSliceController:
    """Reconciles one Service: one slice per set of port numbers among its pods."""

    name = "endpoint slice"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def concerns(self, event: Event) -> Iterable[Key]:
        metadata = event.object["metadata"]
        if event.resource is SERVICES:
            return [namespaced_name(event.object)]
        if event.resource is ENDPOINT_SLICES:
            service = labels_of(event.object).get(SERVICE_NAME)
            return [(metadata["namespace"], service)] if service else []
        if event.resource is PODS:
            pods = [event.object, *([event.old] if event.old else [])]
            services = self._store.scan(SERVICES, metadata["namespace"])
            return [
                (metadata["namespace"], service["metadata"]["name"])
                for service in services
                if any(selects(service, pod) for pod in pods)
            ]
        return []

    def reconcile(self, namespace: str, name: str) -> None:
        service = self._store.find(SERVICES, namespace, name)
        if service is None or is_terminating(service) or not service["spec"].get("selector"):
            return  # the garbage collector deletes the slices of a deleted Service
        groups = build_endpoints(service, self._store.scan(PODS, namespace))
        # First the slices whose ports are still needed, so that they keep them; then the others get the remaining
        # ports, or are deleted.
        for slice_ in sorted(self._own_slices(namespace, name), key=lambda slice_: _ports_of(slice_) not in groups):
            ports = _ports_of(slice_) if _ports_of(slice_) in groups else next(iter(groups), None)
            if ports is None:
                self._registry.delete(ENDPOINT_SLICES, namespace, slice_["metadata"]["name"])
                continue
            desired = build_slice(service, ports, groups.pop(ports))
            metadata = {**slice_["metadata"], "labels": desired["metadata"]["labels"]}
            self._store.update(ENDPOINT_SLICES, {**slice_, **desired, "metadata": metadata})
        if not namespace_is_closed(self._store, namespace):
            for ports, endpoints in groups.items():
                self._registry.create(ENDPOINT_SLICES, namespace, build_slice(service, ports, endpoints))

    def _own_slices(self, namespace: str, service: str) -> list[Object]:
        """The Service's slices that this controller manages."""
        own = {SERVICE_NAME: service, MANAGED_BY: CONTROLLER}.items()
        slices = self._store.scan(ENDPOINT_SLICES, namespace)
        return [slice_ for slice_ in slices if own <= labels_of(slice_).items() and not is_terminating(slice_)]


def selects(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels_of(pod).items()


def build_endpoints(service: Object, pods: Iterable[Object]) -> dict[Ports, list[Object]]:
    """The endpoints of a Service by port numbers: a named port may have different numbers in different pods.

    Without pods there is one empty group.
    """
    groups: dict[Ports, list[Object]] = {}
    for pod in pods:
        if selects(service, pod) and (pod.get("status") or {}).get("podIP") and not is_finished(pod):
            groups.setdefault(resolve_ports(service, pod), []).append(build_endpoint(service, pod))
    return groups or {(): []}


def build_endpoint(service: Object, pod: Object) -> Object:
    metadata, serving, terminating = pod["metadata"], is_ready(pod), is_terminating(pod)
    ready = service["spec"].get("publishNotReadyAddresses", False) or (serving and not terminating)
    endpoint: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": {"kind": "Pod", **{key: metadata[key] for key in ("namespace", "name", "uid")}},
    }
    if node := pod["spec"].get("nodeName"):
        endpoint["nodeName"] = node
    return endpoint


def resolve_ports(service: Object, pod: Object) -> Ports:
    """The Service's ports as port numbers of this pod, without names that the pod does not have."""
    resolved = []
    for port in service["spec"].get("ports") or []:
        protocol = port.get("protocol", "TCP")
        number = _number(port.get("targetPort") or port["port"], protocol, pod)
        if number is not None:
            resolved.append((port.get("name", ""), number, protocol, port.get("appProtocol", "")))
    return tuple(sorted(resolved))


def _number(target: int | str, protocol: str, pod: Object) -> int | None:
    if isinstance(target, int):
        return target
    for container in [*pod["spec"]["containers"], *sidecars_of(pod)]:
        for port in container.get("ports") or []:
            if (port.get("name"), port.get("protocol", "TCP")) == (target, protocol):
                return int(port["containerPort"])
    return None


def build_slice(service: Object, ports: Ports, endpoints: list[Object]) -> Object:
    metadata = service["metadata"]
    headless = {HEADLESS_LABEL: ""} if service["spec"].get("clusterIP") == HEADLESS else {}
    own = {SERVICE_NAME: metadata["name"], MANAGED_BY: CONTROLLER, **headless}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": {**labels_of(service), **own},
            "ownerReferences": [controller_reference(SERVICES, service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [
            {"name": name, "port": number, "protocol": protocol, **({"appProtocol": app} if app else {})}
            for name, number, protocol, app in ports
        ],
    }


def _ports_of(endpoint_slice: Object) -> Ports:
    ports = endpoint_slice.get("ports") or []
    numbered = [
        (port.get("name", ""), port["port"], port.get("protocol", "TCP"), port.get("appProtocol", "")) for port in ports
    ]
    return tuple(sorted(numbered))
