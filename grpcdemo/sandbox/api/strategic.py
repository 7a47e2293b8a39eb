"""Strategic merge patches: merge patches that merge some lists item by item.

`kubectl apply`, `patch`, `rollout restart` and `set image` send them. The merge keys are from the types of k8s.io/api;
here are those of the kinds that the sandbox serves.
"""

from __future__ import annotations

import json
from typing import Any

from grpcdemo.resources.objects import Object, copy_json
from grpcdemo.sandbox.api.status import StatusError

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "secrets": "name",
    "webhooks": "name",
    "addresses": "type",
    "taints": "key",
}
"""The lists that are merged item by item, and their merge keys."""

SERVICE_PORTS, CONTAINER_PORTS = "port", "containerPort"
SETS = ("finalizers",)
"""The lists of plain values to which new values are added."""
PATCH, RETAIN, ORDER, REMOVE = "$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/"
DIRECTIVES = ("delete", "replace", "merge")


def strategic_merge(original: Object, patch: Object) -> Object:
    """*original* with *patch* merged in. Raises StatusError (InternalError) for a malformed patch."""
    directive = patch.get(PATCH, "merge")
    if directive not in DIRECTIVES:
        raise StatusError("InternalError", f"unknown patch type: {directive} in map: {json.dumps(patch)}")
    if directive == "delete":
        return {}
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != PATCH}
    merged = copy_json(original)
    if RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[RETAIN]}
    orders = {key[len(ORDER) :]: value for key, value in patch.items() if key.startswith(ORDER)}
    for key, value in patch.items():
        if key.startswith(REMOVE):
            _remove(merged, key[len(REMOVE) :], value)
        elif not key.startswith("$"):
            _merge_field(merged, key, value, orders.get(key))
    for key in orders.keys() - patch.keys():
        if key in merged:
            merged[key] = _sort(merged[key], orders[key], original[key], _merge_key(key, orders[key]))
    return merged


def _merge_field(merged: Object, key: str, value: Any, order: list[Any] | None) -> None:
    if value is None:
        merged.pop(key, None)
    elif isinstance(value, dict):
        present = merged.get(key)
        merged[key] = strategic_merge(present if isinstance(present, dict) else {}, value)
    elif isinstance(value, list) and isinstance(merged.get(key, []), list):
        merged[key] = _merge_list(key, merged.get(key, []), value, order)
    else:
        merged[key] = value


def _merge_list(key: str, original: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    if key in SETS:
        added = [item for item in patch if item not in original]
        return _sort([*original, *added], order or patch, original, None)
    merge_key = _merge_key(key, [*patch, *original])
    if merge_key is None or not all(isinstance(item, dict) for item in patch):
        return patch
    if any(item.get(PATCH) == "replace" for item in patch):
        return [item for item in patch if item.get(PATCH) != "replace"]
    merged = list(original)
    for item in patch:
        if merge_key not in item:
            why = f"map: {json.dumps(item)} does not contain declared merge key: {merge_key}"
            raise StatusError("InternalError", why)
        _merge_item(merged, item, merge_key)
    return _sort(merged, order or patch, original, merge_key)


def _merge_item(merged: list[Any], item: Object, merge_key: str) -> None:
    at = next((at for at, present in enumerate(merged) if present.get(merge_key) == item[merge_key]), None)
    if item.get(PATCH) == "delete":
        if at is not None:
            del merged[at]
    elif at is None:
        merged.append(strategic_merge({}, item))
    else:
        merged[at] = strategic_merge(merged[at], item)


def _sort(merged: list[Any], order: list[Any], original: list[Any], merge_key: str | None) -> list[Any]:
    """*merged*, with the items of *order* in that order, and the others in their old one.

    Between the two, the item that was first in *original* goes first; a new one goes before all.
    """

    def name(item: Any) -> Any:
        return item.get(merge_key) if merge_key and isinstance(item, dict) else item

    names = [name(item) for item in order]
    place = {name(item): number for number, item in enumerate(original)}
    named = {name(item): item for item in merged}
    ordered = [named[key] for key in dict.fromkeys(names) if key in named]
    others = [item for item in merged if name(item) not in names]
    sorted_items: list[Any] = []
    while ordered and others:
        first = others if place[name(others[0])] < place.get(name(ordered[0]), -1) else ordered
        sorted_items.append(first.pop(0))
    return [*sorted_items, *ordered, *others]


def _remove(merged: Object, key: str, values: list[Any]) -> None:
    merged[key] = [item for item in merged.get(key, []) if item not in values]
    if not merged[key]:
        del merged[key]


def _merge_key(key: str, items: list[Any]) -> str | None:
    """A container's ports and a Service's have different keys; those of an EndpointSlice are not merged."""
    if key != "ports":
        return MERGE_KEYS.get(key)
    objects = [item for item in items if isinstance(item, dict)]
    for merge_key in (CONTAINER_PORTS, SERVICE_PORTS):
        if any(merge_key in item for item in objects):
            return merge_key
    return None
