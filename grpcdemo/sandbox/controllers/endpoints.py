"""Endpoints: what the EndpointSlices of a Service say, in the older form that people still ask for."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, ENDPOINTS, HEADLESS, SERVICES
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.store import Event
from grpcdemo.sandbox.controllers.endpoint_slice import HEADLESS_LABEL, own_slices
from grpcdemo.sandbox.controllers.loop import Key
from grpcdemo.sandbox.controllers.owners import is_deleting, is_terminating

MANAGED_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}


class EndpointsController:
    """Reconciles one Service that selects pods: its Endpoints, which have its name."""

    name = "endpoints"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def concerns(self, event: Event) -> Iterable[Key]:
        metadata = event.object["metadata"]
        if event.resource in (SERVICES, ENDPOINTS):
            return [(metadata["namespace"], metadata["name"])]
        service = (metadata.get("labels") or {}).get(SERVICE_NAME) if event.resource is ENDPOINT_SLICES else None
        return [(metadata["namespace"], service)] if service else []

    def reconcile(self, namespace: str, name: str) -> None:
        service = self._store.find(SERVICES, namespace, name)
        found = self._store.find(ENDPOINTS, namespace, name)
        if service is None or is_deleting(service):
            if found and MANAGED_BY.items() <= (found["metadata"].get("labels") or {}).items():
                self._registry.delete(ENDPOINTS, namespace, name)
            return
        if not service["spec"].get("selector"):
            return  # whoever made the Service says what stands behind it
        made = build_endpoints(service, own_slices(self._store, namespace, name))
        if found:
            metadata = {**found["metadata"], "labels": made["metadata"]["labels"]}
            self._store.update(ENDPOINTS, {**made, "metadata": metadata})
        elif not is_terminating(self._store, namespace):
            self._registry.create(ENDPOINTS, namespace, made)


def build_endpoints(service: Object, slices: Iterable[Object]) -> Object:
    metadata = service["metadata"]
    headless = {HEADLESS_LABEL: ""} if service["spec"].get("clusterIP") == HEADLESS else {}
    subsets = [subset for found in slices if (subset := _subset(found))]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": {**(metadata.get("labels") or {}), **MANAGED_BY, **headless},
        },
        **({"subsets": subsets} if subsets else {}),
    }


def _subset(endpoint_slice: Object) -> Object:
    """Empty where nobody stands there. A pod on its way out is in neither list."""
    lists: dict[str, list[Object]] = {"addresses": [], "notReadyAddresses": []}
    for endpoint in endpoint_slice["endpoints"]:
        conditions = endpoint["conditions"]
        if conditions["ready"] or not conditions["terminating"]:
            address = {key: endpoint[key] for key in ("nodeName", "targetRef") if key in endpoint}
            found = lists["addresses" if conditions["ready"] else "notReadyAddresses"]
            found += [{"ip": ip, **address} for ip in endpoint["addresses"]]
    addresses = {name: sorted(found, key=lambda address: str(address["ip"])) for name, found in lists.items() if found}
    ports = [{key: value for key, value in port.items() if value} for port in endpoint_slice["ports"]]
    return {**addresses, "ports": ports} if addresses else {}
