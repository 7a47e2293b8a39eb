"""EndpointSlices: whether an endpoint takes traffic."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.objects import Object


def is_ready_endpoint(endpoint: Object) -> bool:
    """An endpoint without the condition counts as ready, as the API has it."""
    return (endpoint.get("conditions") or {}).get("ready") is not False


def any_endpoint_ready(slices: Iterable[Object]) -> bool:
    return any(is_ready_endpoint(endpoint) for slice_ in slices for endpoint in slice_.get("endpoints") or [])
