"""Lists of objects: filtered by selectors, paged, and as of the version that the client asks for."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grpcdemo.resources.objects import Object, namespaced_name
from grpcdemo.resources.resource import ENDPOINTS, Resource
from grpcdemo.sandbox.api.endpoints import list_endpoints
from grpcdemo.sandbox.api.options import parse_int, parse_version, refuse_option
from grpcdemo.sandbox.api.selectors import parse_selectors
from grpcdemo.sandbox.api.status import Cause, StatusError
from grpcdemo.sandbox.api.store import Store

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
TOO_OLD = "The resourceVersion for the provided list is too old."
TOKEN_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter."
)


@dataclass(frozen=True)
class Page:
    """A page of a list, and its `metadata`."""

    items: list[Object]
    metadata: Object


def list_page(store: Store, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> Page:
    """Raises StatusError. Every page of a list shows the objects as of its first page."""
    match = parse_selectors(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    limit = parse_int(query, "limit") or 0
    version, after = _start(store, query)
    try:
        objects = _read(store, resource, namespace, version)
    except StatusError as expired:
        raise StatusError("Expired", TOKEN_TOO_OLD if after else TOO_OLD) from expired
    items = [item for item in objects if match(item) and (after is None or namespaced_name(item) > after)]
    metadata: Object = {"resourceVersion": str(version)}
    if 0 < limit < len(items):
        metadata["continue"] = _write_token(version, namespaced_name(items[limit - 1]))
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(items) - limit
        items = items[:limit]
    return Page(items, metadata)


def _read(store: Store, resource: Resource, namespace: str | None, version: int) -> Sequence[Object]:
    if resource is ENDPOINTS:
        return list_endpoints(store, namespace)
    return store.list(resource, namespace) if version == store.version else store.list_at(resource, namespace, version)


def build_list(resource: Resource, page: Page) -> Object:
    """The list object. As on a cluster, its items do not repeat their kind."""
    items = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in page.items]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": page.metadata,
        "items": items,
    }


def check_future(store: Store, version: int) -> None:
    """Refuse a future version, which is from another sandbox. Raises StatusError (Timeout)."""
    if version > store.version:
        message = f"Timeout: Too large resource version: {version}, current: {store.version}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise StatusError("Timeout", message, details={"causes": [cause], "retryAfterSeconds": 1})


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


def _start(store: Store, query: Mapping[str, str]) -> tuple[int, tuple[str, str] | None]:
    """The version to show, and the last object of the previous page."""
    check_version_match(query)
    if token := query.get("continue", ""):
        return _read_token(token)
    version = parse_version(query.get("resourceVersion", ""))
    check_future(store, version or 0)
    if version and query.get("resourceVersionMatch") == EXACT:
        return version, None
    return store.version, None


def _write_token(version: int, last: tuple[str, str]) -> str:
    content = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(last)})
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        content = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = content["start"].partition("/")
        return int(content["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"invalid continue token: continue key is not valid: {error}"
        raise StatusError("BadRequest", message) from error
