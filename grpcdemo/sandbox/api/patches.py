"""JSON patches, merge patches and strategic merge patches: from a request's body to the patched object."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import jsonpatch

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.bodies import parse_json
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.strategic import strategic_merge

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")
REJECTED = "the server rejected our request due to an error in our request"

Patch = Callable[[Object], Object]
"""Returns the patched object; may raise StatusError."""


def read_patch(content_type: str, data: bytes) -> Patch:
    """Raises StatusError (UnsupportedMediaType, BadRequest)."""
    if content_type in APPLY:
        message = "the sandbox has no server-side apply: use `kubectl apply` without --server-side"
        raise StatusError("UnsupportedMediaType", message)
    if content_type not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise StatusError("UnsupportedMediaType", "415: Unsupported Media Type")
    try:
        return _decode(content_type, parse_json(data).content)
    except (ValueError, RecursionError) as error:
        raise StatusError("BadRequest", f"error decoding patch: {error}") from error


def _decode(content_type: str, content: Any) -> Patch:
    """Raises ValueError."""
    if content_type == JSON_PATCH:
        if not isinstance(content, list) or not all(isinstance(operation, dict) for operation in content):
            raise ValueError("a JSON patch is a list of operations")
        return lambda obj: _json_patch(obj, content)
    if not isinstance(content, dict):
        raise ValueError("a merge patch is an object")
    merge = _merge if content_type == MERGE_PATCH else strategic_merge
    return lambda obj: merge(obj, content)


def _json_patch(obj: Object, operations: list[Any]) -> Object:
    """All operations or none. Raises StatusError (Invalid) if one fails, including a `test`."""
    try:
        for operation in operations:
            obj = _apply(obj, operation)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, AttributeError) as error:
        raise StatusError("Invalid", REJECTED) from error
    if not isinstance(obj, dict):
        raise StatusError("Invalid", REJECTED)
    return obj


def _apply(obj: Object, operation: Object) -> Object:
    """RFC 6902, except that `replace` adds a missing field, as in the API server's library."""
    try:
        return cast(Object, jsonpatch.apply_patch(obj, [operation]))
    except jsonpatch.JsonPatchConflict:
        if operation["op"] != "replace":
            raise
        return cast(Object, jsonpatch.apply_patch(obj, [{**operation, "op": "add"}]))


def _merge(obj: Object, patch: Object) -> Object:
    """RFC 7396: null removes, an object is merged, everything else replaces."""
    merged = copy.copy(obj)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            present = merged.get(key)
            merged[key] = _merge(present if isinstance(present, dict) else {}, value)
        else:
            merged[key] = value
    return merged
