"""Lists of objects, filtered by selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINTS, Resource
from grpcdemo.sandbox.api.endpoints import list_endpoints
from grpcdemo.sandbox.api.options import parse_version, refuse_option
from grpcdemo.sandbox.api.selectors import parse_selectors
from grpcdemo.sandbox.api.status import Cause, StatusError
from grpcdemo.sandbox.api.store import Store

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
TOO_OLD = "The resourceVersion for the provided list is too old."


@dataclass(frozen=True)
class Listing:
    """The items of a list, and its `metadata`."""

    items: list[Object]
    metadata: Object


def list_objects(store: Store, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> Listing:
    """All objects selected, whatever the `limit`, which a server may ignore. Raises StatusError."""
    match = parse_selectors(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    _check_version(store, query)
    objects = list_endpoints(store, namespace) if resource is ENDPOINTS else store.scan(resource, namespace)
    return Listing([obj for obj in objects if match(obj)], {"resourceVersion": str(store.version)})


def build_list(resource: Resource, listing: Listing) -> Object:
    """The list object. As on a cluster, its items do not repeat their kind."""
    items = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in listing.items]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": listing.metadata,
        "items": items,
    }


def check_version_match(query: Mapping[str, str]) -> None:
    """Raises StatusError (Invalid) if options contradict each other."""
    match, name = query.get("resourceVersionMatch", ""), "resourceVersionMatch"
    initial = query.get("sendInitialEvents", "") not in ("", "false", "0")
    if "sendInitialEvents" in query and query.get("watch", "false") in ("false", "0"):
        why = "sendInitialEvents is forbidden for list"
        raise refuse_option("ListOptions", Cause.forbidden("sendInitialEvents", why))
    if initial and match != NOT_OLDER:
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise refuse_option("ListOptions", Cause.forbidden(name, why))
    if not match or initial:
        return
    if not query.get("resourceVersion"):
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise refuse_option("ListOptions", Cause.forbidden(name, why))
    if match not in (EXACT, NOT_OLDER):
        raise refuse_option("ListOptions", Cause.unsupported(name, match, (EXACT, NOT_OLDER, "")))


def _check_version(store: Store, query: Mapping[str, str]) -> None:
    """Only the present version can be listed. Raises StatusError for another one."""
    check_version_match(query)
    if query.get("continue"):
        raise StatusError("BadRequest", "invalid continue token: the sandbox gives none")
    version = parse_version(query.get("resourceVersion", "")) or 0
    if version > store.version:  # from another sandbox
        message = f"Timeout: Too large resource version: {version}, current: {store.version}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise StatusError("Timeout", message, details={"causes": [cause], "retryAfterSeconds": 1})
    if query.get("resourceVersionMatch") == EXACT and version != store.version:
        raise StatusError("Expired", TOO_OLD)
