"""Endpoints: a Service's EndpointSlices in the older form, built on request."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.endpoints import is_ready_endpoint
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from grpcdemo.sandbox.api.status import not_found
from grpcdemo.sandbox.api.store import Store


def get_endpoints(store: Store, namespace: str, name: str) -> Object:
    """Raises StatusError (NotFound)."""
    service = store.peek(SERVICES, namespace, name)
    if service is None:
        raise not_found(ENDPOINTS, name)
    return _build(service, store.scan(ENDPOINT_SLICES, namespace))


def list_endpoints(store: Store, namespace: str | None) -> list[Object]:
    slices = store.scan(ENDPOINT_SLICES, namespace)
    return [_build(service, slices) for service in store.scan(SERVICES, namespace)]


def _build(service: Object, slices: Iterable[Object]) -> Object:
    metadata = service["metadata"]
    copied = ("name", "namespace", "creationTimestamp", "resourceVersion", "labels")
    subsets = [subset for slice_ in slices if _is_of(slice_, metadata) and (subset := _subset(slice_))]
    return {
        "apiVersion": ENDPOINTS.api_version,
        "kind": ENDPOINTS.kind,
        "metadata": {key: metadata[key] for key in copied if key in metadata},
        **({"subsets": subsets} if subsets else {}),
    }


def _is_of(slice_: Object, service: Object) -> bool:
    where = (slice_["metadata"]["namespace"], labels_of(slice_).get(SERVICE_NAME))
    return where == (service["namespace"], service["name"])


def _subset(slice_: Object) -> Object:
    """Empty without addresses; a terminating endpoint is in neither list."""
    lists: dict[str, list[Object]] = {"addresses": [], "notReadyAddresses": []}
    for endpoint in slice_.get("endpoints") or []:
        ready = is_ready_endpoint(endpoint)
        if ready or not (endpoint.get("conditions") or {}).get("terminating"):
            about = {key: endpoint[key] for key in ("nodeName", "targetRef") if key in endpoint}
            addresses = lists["addresses" if ready else "notReadyAddresses"]
            addresses += [{"ip": ip, **about} for ip in endpoint["addresses"]]
    filled = {name: addresses for name, addresses in lists.items() if addresses}
    ports = [{key: value for key, value in port.items() if value} for port in slice_.get("ports") or []]
    return {**filled, "ports": ports} if filled else {}
