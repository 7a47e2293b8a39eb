"""The three kinds of patch, from a request's body to the patched object."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import jsonpatch

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.bodies import parse_json
from grpcdemo.sandbox.api.fields import json_type
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.strategic import strategic_merge

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")
REJECTED = "the server rejected our request due to an error in our request"

Patch = Callable[[Object], Object]
"""Makes the patched object of the present one; may raise StatusError."""


def read_patch(content_type: str, data: bytes) -> Patch:
    """Raises StatusError (UnsupportedMediaType, BadRequest)."""
    if content_type in APPLY:
        message = "the sandbox has no server-side apply: use `kubectl apply` without --server-side"
        raise StatusError("UnsupportedMediaType", message)
    if content_type not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise StatusError("UnsupportedMediaType", "415: Unsupported Media Type")
    try:
        return _decode(content_type, parse_json(data).content)
    except ValueError as error:
        decoding = "" if content_type == STRATEGIC_PATCH else "error decoding patch: "
        raise StatusError("BadRequest", f"{decoding}{error}") from error


def _decode(content_type: str, content: Any) -> Patch:
    """Raises ValueError."""
    if content_type == JSON_PATCH:
        operations = _expect(content, list, "[]handlers.jsonPatchOp")
        for operation in operations:
            _expect(operation, dict, "handlers.jsonPatchOp")
        return lambda obj: _json_patch(obj, operations)
    fields = _expect(content, dict, "map[string]interface {}")
    merge = _merge if content_type == MERGE_PATCH else strategic_merge
    return lambda obj: merge(obj, fields)


def _expect(content: Any, wanted: type, go_type: str) -> Any:
    if not isinstance(content, wanted):
        raise ValueError(f"json: cannot unmarshal {json_type(content)} into Go value of type {go_type}")
    return content


def _json_patch(obj: Object, operations: list[Any]) -> Object:
    """All operations or none. Raises StatusError (Invalid) where one fails, a `test` that does not hold included."""
    try:
        for operation in operations:
            obj = _apply(obj, operation)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, AttributeError) as error:
        raise StatusError("Invalid", REJECTED) from error
    if not isinstance(obj, dict):
        raise StatusError("Invalid", REJECTED)
    return obj


def _apply(obj: Object, operation: Object) -> Object:
    """RFC 6902, but that `replace` may name a field that is not there yet: the API server's library adds it."""
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
