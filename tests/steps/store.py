"""A dict that answers as a Kubernetes API does, as far as the steps can tell: lists, watches, merge patches."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.fakes.script import Answer, Asked, refuse, reply

Object = dict[str, Any]
Key = tuple[str, str, str]
"""Plural, namespace ("" for what has none), name."""

PATH = re.compile(r"/(?:api/v1|apis/[^/]+/v1)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?")


class Store:
    """Objects of any kind. *stored* is told of each that a request made or changed: a controller's part."""

    def __init__(self, stored: Callable[[str, str, Object], None]) -> None:
        self.objects: dict[Key, Object] = {}
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], None] = lambda asked: None
        """What happens in the cluster just before a request."""
        self._stored = stored
        self._version = 100
        self._events: list[tuple[int, str, Object]] = []
        self._change = asyncio.Event()

    def put(self, plural: str, namespace: str, found: Object, event: str = "ADDED") -> Object:
        """Store *found* as it is, and tell the watches."""
        metadata = found["metadata"]
        metadata.setdefault("uid", f"uid-{self._version}")
        if namespace:
            metadata["namespace"] = namespace
        self.objects[plural, namespace, metadata["name"]] = found
        self._tell(event, plural, found)
        return found

    def remove(self, plural: str, namespace: str, name: str) -> None:
        if found := self.objects.pop((plural, namespace, name), None):
            self._tell("DELETED", plural, found)

    def get(self, plural: str, namespace: str, name: str) -> Object:
        return self.objects[plural, namespace, name]

    def names(self, plural: str, namespace: str = "") -> list[str]:
        return sorted(name for kind, where, name in self.objects if (kind, where) == (plural, namespace))

    @property
    def changes(self) -> list[Asked]:
        return [found for found in self.asked if found.method != "GET"]

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        self.before(asked)
        path = PATH.fullmatch(asked.path)
        assert path, f"the store knows no {asked.path}"
        namespace, plural, name = path[1] or "", path[2], path[3]
        if asked.method == "POST":
            return self._create(asked, plural, namespace)
        if name is None:
            return self._watch(asked, plural) if "watch" in asked.query else self._list(asked, plural, namespace)
        found = self.objects.get((plural, namespace, name))
        if found is None:
            return refuse(404, f'{plural} "{name}" not found')
        if asked.method == "PATCH":
            return self._patch(asked, plural, namespace, found)
        return self._delete(asked, plural, namespace, found) if asked.method == "DELETE" else reply(found)

    def _list(self, asked: Asked, plural: str, namespace: str) -> Answer:
        within = [
            found
            for (kind, where, _), found in self.objects.items()
            if kind == plural and (not namespace or where == namespace) and _selected(asked.query, found)
        ]
        return reply({"metadata": {"resourceVersion": str(self._version)}, "items": within})

    def _watch(self, asked: Asked, plural: str) -> Answer:
        async def stream(request: web.Request) -> web.StreamResponse:
            response, seen = web.StreamResponse(), int(asked.query["resourceVersion"])
            await response.prepare(request)
            while True:
                change = self._change
                for version, kind, event in self._events:
                    if version > seen and kind == plural and _selected(asked.query, event["object"]):
                        await response.write(json.dumps(event).encode() + b"\n")
                        seen = version
                await change.wait()

        return stream

    def _tell(self, event: str, plural: str, found: Object) -> None:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, plural, {"type": event, "object": copy.deepcopy(found)}))
        self._change.set()
        self._change = asyncio.Event()

    def _create(self, asked: Asked, plural: str, namespace: str) -> Answer:
        body = copy.deepcopy(asked.body)
        if namespace and ("namespaces", "", namespace) not in self.objects:
            return refuse(404, f'namespaces "{namespace}" not found')
        if (plural, namespace, body["metadata"]["name"]) in self.objects:
            return refuse(409, f'{plural} "{body["metadata"]["name"]}" already exists')
        if asked.query.get("dryRun") != "All":
            self._stored(plural, namespace, self.put(plural, namespace, body))
        return reply(body, 201)

    def _patch(self, asked: Asked, plural: str, namespace: str, found: Object) -> Answer:
        patch = copy.deepcopy(asked.body)
        version = patch.get("metadata", {}).pop("resourceVersion", None)
        if version not in (None, found["metadata"]["resourceVersion"]):
            return refuse(409, "the object has been modified")
        patched = _merged(found, patch)
        if asked.query.get("dryRun") != "All" and patched != found:
            self._stored(plural, namespace, self.put(plural, namespace, patched, "MODIFIED"))
        return reply(patched)

    def _delete(self, asked: Asked, plural: str, namespace: str, found: Object) -> Answer:
        metadata = found["metadata"]
        if asked.body["preconditions"]["uid"] != metadata["uid"]:
            return refuse(409, "the UID in the precondition does not match")
        if asked.body.get("dryRun") == ["All"]:  # with a body, the query says nothing
            return reply(found)
        self._collect(plural, namespace, metadata["name"])
        if metadata.get("finalizers"):
            going = {**metadata, "deletionTimestamp": "2026-05-04T10:00:00Z"}
            self.put(plural, namespace, {**found, "metadata": going, "status": {"phase": "Terminating"}}, "MODIFIED")
        else:
            self.remove(plural, namespace, metadata["name"])
        return reply({"kind": "Status", "status": "Success"})

    def _collect(self, plural: str, namespace: str, name: str) -> None:
        """Remove what goes with an object: all that is in a namespace, the pods of a Deployment."""
        for kind, where, other in list(self.objects):
            within = plural == "namespaces" and where == name
            owned = plural == "deployments" and where == namespace and other.startswith(f"{name}-")
            if within or owned:
                self.remove(kind, where, other)


def _merged(found: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    base = found if isinstance(found, dict) else {}
    merged = {**base, **{key: _merged(base.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _selected(query: dict[str, str], found: Object) -> bool:
    metadata = found["metadata"]
    label, _, value = query.get("labelSelector", "").partition("=")
    if label and (metadata.get("labels") or {}).get(label) != value:
        return False
    name = query.get("fieldSelector", "").removeprefix("metadata.name=")
    return not name or bool(metadata["name"] == name)
