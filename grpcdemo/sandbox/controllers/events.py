"""Records core/v1 Events: repeated ones are counted, similar ones combined, as by client-go's recorder."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Literal

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, Resource
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.controllers.clock import Clock

KEPT = 500
"""How many events each recorder keeps; a cluster expires them after an hour."""
ALIKE = 10
"""From this many events on that differ only in their message, they are combined into one."""
ALIKE_WITHIN = timedelta(minutes=10)
COMBINED = "(combined from similar events): "

Severity = Literal["Normal", "Warning"]
"""The type of an Event."""
_Group = tuple[str, str, str, str]
"""Uid and field of the involved object, type, and reason."""


class Recorder:
    """Records for one component, such as `deployment-controller`; *host* is its node, if it runs on one.

    An event is about an object, or about one field of it, such as `spec.containers{server}`.
    """

    def __init__(self, registry: Registry, clock: Clock, component: str, *, host: str = "") -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._source = {"component": component, **({"host": host} if host else {})}
        self._recorded: OrderedDict[tuple[_Group, str], tuple[str, str]] = OrderedDict()
        self._messages: dict[_Group, tuple[datetime, set[str]]] = {}

    def record(
        self, severity: Severity, resource: Resource, obj: Object, reason: str, message: str, *, field: str = ""
    ) -> None:
        about = build_reference(resource, obj, field)
        group = (about["uid"], about.get("fieldPath", ""), severity, reason)
        if self._is_one_of_many(group, message):
            key, message = (group, COMBINED), COMBINED + message
        else:
            key = (group, message)
        if not self._count(key, message):
            self._create(key, build_event(about, severity, reason, message, self._source, self._clock.now()))

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
        """Count a repeated event; False if it is new, or was deleted."""
        if key not in self._recorded:
            return False
        event = self._store.find(EVENTS, *self._recorded[key])
        if event is None:
            del self._recorded[key]
            return False
        self._recorded.move_to_end(key)
        counted = {"count": event["count"] + 1, "lastTimestamp": write_time(self._clock.now()), "message": message}
        self._store.update(EVENTS, {**event, **counted})
        return True

    def _create(self, key: tuple[_Group, str], event: Object) -> None:
        try:
            created = self._registry.create(EVENTS, event["metadata"]["namespace"], event)
        except StatusError:
            return  # a terminating namespace takes no events, in a cluster neither
        self._recorded[key] = (created["metadata"]["namespace"], created["metadata"]["name"])
        while len(self._recorded) > KEPT:
            (group, _), oldest = self._recorded.popitem(last=False)
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
