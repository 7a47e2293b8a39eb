"""When the calls of a client could not be read, and why.

A log that could not be read for a while tells afterwards what happened meanwhile. So a time is blind as long as it
lasts. When the log is read again, it stays blind only if calls from it are missing.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from dataclasses import dataclass, replace

from grpcdemo.kube.messages import shorten
from grpcdemo.kube.streams.watch import Lost
from grpcdemo.model.observation import BlindCause, BlindTime, clipped

BLIND_S = 4.0
"""An outage that lasts longer is told. A follower looks at a silent log more often than that."""
MOST = 200
"""How many times that are over are kept, the latest ones."""


@dataclass(frozen=True)
class Outage:
    """Why the calls of a client cannot be read."""

    since: float
    """Up to when all of them were read."""
    cause: BlindCause
    message: str
    at_once: bool = False
    """It counts however short it is: nothing was read before, and the API says why."""


def unwatched(lost: Lost | None) -> dict[str, Outage]:
    """Under an empty name, why the pods of all clients cannot be watched; nothing if they can."""
    return {"": Outage(lost.since, "unwatched", shorten(lost.error.message))} if lost else {}


class Blindness:
    """Keeps the blind times of all clients. Times are seconds of the event loop's clock.

    An outage counts once it lasts for *after_s*, unless it was there from the first: any stream is cut now and then,
    and a client may pause.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._present: dict[str, BlindTime] = {}
        self._unread: list[BlindTime] = []
        self._over: collections.deque[BlindTime] = collections.deque(maxlen=MOST)

    def look(self, outages: Mapping[str, Outage], now: float) -> None:
        """Take what was not read up to *now*, by client."""
        self._unread = [
            BlindTime(client, outage.since, now, outage.cause, outage.message) for client, outage in outages.items()
        ]
        self._present = {
            one.client: one
            for one in self._unread
            if outages[one.client].at_once or one.end - one.begin >= self._after_s
        }

    def miss(self, client: str, begin: float, end: float) -> None:
        """Calls of *client* between these times are lost."""
        if end - begin >= self._after_s:
            message = self._present[client].message if client in self._present else ""
            self._over.append(BlindTime(client, begin, end, "unreadable", message, is_over=True))

    @property
    def unheard(self) -> dict[str, str]:
        """Of whom nothing can be read now, and why."""
        return {client or "the pods": one.message for client, one in self._present.items()}

    def times(self) -> list[BlindTime]:
        """All of them, the present ones last."""
        return [*self._over, *self._present.values()]

    def unread(self) -> list[BlindTime]:
        """The same, and what was not read for a moment."""
        return [*self._over, *self._unread]

    def times_since(self, zero: float) -> tuple[BlindTime, ...]:
        """All of them, counted from *zero*."""
        return tuple(replace(one, begin=one.begin - zero, end=one.end - zero) for one in self.times())

    def of_clients(self, begin: float, end: float) -> tuple[list[BlindTime], list[BlindTime]]:
        """The times and the unread ones between *begin* and *end*, without those that are about all pods."""
        blind, unread = (
            clipped((one for one in times if one.client), begin, end) for times in (self.times(), self.unread())
        )
        return blind, unread
