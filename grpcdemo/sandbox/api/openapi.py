"""As much OpenAPI as kubectl needs: that the server validates fields and supports dry runs.

kubectl reads it before `create` and `apply`. If the server validates, kubectl does not; and without list types here,
it merges by its built-in ones.
"""

from __future__ import annotations

import hashlib
import json

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.api.discovery import BY_VERSION
from grpcdemo.sandbox.api.served import verbs_of
from grpcdemo.sandbox.api.status import no_such_path

PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def openapi_index() -> Object:
    """`/openapi/v3`: the path of each version's document. The hash lets a client cache it."""
    paths = {}
    for version in BY_VERSION:
        path = _path(version)
        digest = hashlib.sha256(json.dumps(openapi_document(path)).encode()).hexdigest().upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def openapi_document(path: str) -> Object:
    """`/openapi/v3/PATH`. Raises StatusError (NotFound)."""
    version = next((version for version in BY_VERSION if _path(version) == path), None)
    if version is None:
        raise no_such_path()
    paths = {}
    for resource in BY_VERSION[version]:
        if "patch" in verbs_of(resource):
            paths.update(_paths(resource))
    info = {"title": "grpcdemo sandbox", "version": "v1"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _path(version: str) -> str:
    return f"apis/{version}" if "/" in version else f"api/{version}"


def _paths(resource: Resource) -> Object:
    whole = resource.path("{namespace}" if resource.namespaced else None)
    named = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {
        whole: {"post": _operation("post", named)},
        f"{whole}/{{name}}": {"put": _operation("put", named), "patch": _operation("patch", named)},
    }


def _operation(action: str, named: Object) -> Object:
    return {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": named,
        "parameters": PARAMETERS,
        "responses": {"200": {"description": "OK"}},
    }
