"""Runs the controllers: turns each change in the store into keys, and reconciles these one by one.

A key is queued once, so a burst of changes costs one reconciliation. A reconciliation does not yield to the event
loop: it reads an object and updates it in the store without conflicts. It creates and deletes through the registry,
which sets defaults, admits and finalizes as for any client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from grpcdemo.sandbox.api.served import STORED
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Event, Store
from grpcdemo.sandbox.controllers.clock import Clock, Timer

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 30.0

Key = tuple[str, str]
"""Namespace and name of an object to reconcile."""

log = logging.getLogger(__name__)


class Controller(Protocol):
    """Reconciles the objects of one resource."""

    name: str

    def concerns(self, event: Event) -> Iterable[Key]:
        """The keys that a change affects. The event's objects are read-only."""

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Make it so. Return the seconds until the next reconciliation, if one is due without a change.

        Raises StatusError if something is refused; the loop retries with back-off.
        """


async def run_controllers(store: Store, controllers: Sequence[Controller], clock: Clock) -> None:
    """Runs until it is cancelled."""
    queue = _Queue(clock)

    def enqueue(event: Event) -> None:
        for controller in controllers:
            for key in controller.concerns(event):
                queue.add((controller, key))

    def enqueue_all() -> None:
        for resource in STORED:
            for obj in store.scan(resource):
                enqueue(Event("ADDED", resource, obj, None, store.version))

    try:
        async for event in store.follow(None, enqueue_all):
            enqueue(event)
    finally:
        queue.stop()


_Item = tuple[Controller, Key]


class _Queue:
    """What to reconcile, now or later, each item once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[_Item, None] = {}
        self._timers: dict[_Item, Timer] = {}
        self._failures: dict[_Item, int] = {}
        self._next: asyncio.Handle | None = None
        self._stopped = False

    def add(self, item: _Item) -> None:
        self._waiting[item] = None
        if self._next is None and not self._stopped:
            self._next = asyncio.get_running_loop().call_soon(self._reconcile_next)

    def stop(self) -> None:
        self._stopped = True
        self._waiting.clear()
        for timer in self._timers.values():
            timer.cancel()
        if self._next:
            self._next.cancel()

    def _reconcile_next(self) -> None:
        self._next = None
        item = next(iter(self._waiting))
        del self._waiting[item]
        self._later(item, self._reconcile(item))
        if self._waiting and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._reconcile_next)

    def _reconcile(self, item: _Item) -> float | None:
        controller, key = item
        try:
            again_s = controller.reconcile(*key)
        except StatusError as refused:
            log.info("%s controller: %s: %s", controller.name, "/".join(key), refused)
            return self._back_off_s(item)
        except Exception:  # one bad object must not stop the others
            log.exception("%s controller: %s", controller.name, "/".join(key))
            return self._back_off_s(item)
        self._failures.pop(item, None)
        return again_s

    def _back_off_s(self, item: _Item) -> float:
        failures = self._failures[item] = self._failures.get(item, 0) + 1
        return min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 16))

    def _later(self, item: _Item, delay_s: float | None) -> None:
        """Replace the timer of the item: the last reconciliation says when the next is due."""
        if timer := self._timers.pop(item, None):
            timer.cancel()
        if delay_s is not None:
            self._timers[item] = self._clock.call_later(delay_s, lambda: self._due(item))

    def _due(self, item: _Item) -> None:
        self._timers.pop(item, None)
        self.add(item)
