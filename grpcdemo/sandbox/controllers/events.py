"""Recording what happened as core/v1 Events, told once and counted, as a cluster's recorders do."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime, timedelta

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, Resource
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.controllers.clock import Clock

KEPT = 500
"""How many events each recorder keeps; a cluster keeps them for an hour."""
ALIKE = 10
"""The so many-th event that differs from others in its message only is told as one that is like them."""
ALIKE_WITHIN = timedelta(minutes=10)
COMBINED = "(combined from similar events): "

_Group = tuple[str, str, str, str]
"""What events may have in common: the uid and the field of what they are about, the type, and the reason."""


class Recorder:
    """Records for one component, such as `deployment-controller`; *host* is the node of one that runs on a node.

    What an event is about is an object, or one field of it, such as `spec.containers{server}`.
    """

    def __init__(self, registry: Registry, clock: Clock, component: str, *, host: str = "") -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._source = {"component": component, **({"host": host} if host else {})}
        self._told: OrderedDict[tuple[_Group, str], tuple[str, str]] = OrderedDict()
        self._messages: dict[_Group, tuple[datetime, set[str]]] = {}

    def normal(self, resource: Resource, about: Object, reason: str, message: str, *, field: str = "") -> None:
        self._record("Normal", build_reference(resource, about, field), reason, message)

    def warning(self, resource: Resource, about: Object, reason: str, message: str, *, field: str = "") -> None:
        self._record("Warning", build_reference(resource, about, field), reason, message)

    def _record(self, severity: str, about: Object, reason: str, message: str) -> None:
        group = (about["uid"], about.get("fieldPath", ""), severity, reason)
        if self._is_one_of_many(group, message):
            key, message = (group, COMBINED), COMBINED + message
        else:
            key = (group, message)
        if not self._count(key, message):
            self._tell(key, build_event(about, severity, reason, message, self._source, self._clock.now()))

    def _is_one_of_many(self, group: _Group, message: str) -> bool:
        now = self._clock.now()
        last, messages = self._messages.get(group, (now, set()))
        if now - last > ALIKE_WITHIN:
            messages = set()
        self._messages[group] = (now, messages)
        if message in messages:
            return False
        if len(messages) < ALIKE - 1:
            messages.add(message)
            return False
        return True

    def _count(self, key: tuple[_Group, str], message: str) -> bool:
        """Count an event that was told already; False where it was not, or is gone."""
        if key not in self._told:
            return False
        found = self._store.find(EVENTS, *self._told[key])
        if found is None:
            del self._told[key]
            return False
        self._told.move_to_end(key)
        counted = {"count": found["count"] + 1, "lastTimestamp": write_time(self._clock.now()), "message": message}
        self._store.update(EVENTS, {**found, **counted})
        return True

    def _tell(self, key: tuple[_Group, str], event: Object) -> None:
        try:
            made = self._registry.create(EVENTS, event["metadata"]["namespace"], event)
        except StatusError:
            return  # the namespace is on its way out; a cluster drops such an event as well
        self._told[key] = (made["metadata"]["namespace"], made["metadata"]["name"])
        while len(self._told) > KEPT:
            (group, _), oldest = self._told.popitem(last=False)
            self._messages.pop(group, None)
            if self._store.find(EVENTS, *oldest):
                self._registry.delete(EVENTS, *oldest)


def build_reference(resource: Resource, about: Object, field: str) -> Object:
    metadata = about["metadata"]
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": metadata["name"],
        **({"namespace": metadata["namespace"]} if resource.namespaced else {}),
        "resourceVersion": metadata["resourceVersion"],
        "uid": metadata["uid"],
        **({"fieldPath": field} if field else {}),
    }


def build_event(about: Object, severity: str, reason: str, message: str, source: Object, now: datetime) -> Object:
    moment = write_time(now)
    metadata = {"name": f"{about['name']}.{time.time_ns():x}", "namespace": about.get("namespace", "default")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": about,
        "type": severity,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "eventTime": None,
        "source": source,
        "reportingComponent": source["component"],
        "reportingInstance": source.get("host", ""),
    }
