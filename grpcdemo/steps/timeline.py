"""Who answered when: the whole observation, across its windows, in a bounded number of equal slices of time.

A window begins anew with every change of the pods, so it cannot show the change itself. This can. When the
slices are used up, each two neighbours become one, and the next ones are twice as long: an hour takes no
more memory than a minute.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import eq

from grpcdemo.model import OTHERS, Slice, Timeline
from grpcdemo.verdict import Order

SLICES = 240
FIRST_S = 0.5
SERVERS = 200
"""How many server pods one slice tells apart: in a long one many may have come and gone."""


@dataclass
class _Counts:
    by_server: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    followed: int = 0
    repeated: int = 0
    windows: int = 0

    def add(self, server: str, count: int) -> None:
        if server not in self.by_server and len(self.by_server) >= SERVERS:
            server = OTHERS
        self.by_server[server] = self.by_server.get(server, 0) + count

    def merge(self, later: _Counts) -> None:
        for server, count in later.by_server.items():
            self.add(server, count)
        self.errors += later.errors
        self.followed += later.followed
        self.repeated += later.repeated
        self.windows += later.windows

    def frozen(self) -> Slice:
        return Slice(dict(self.by_server), self.errors, self.followed, self.repeated, self.windows)


class TimelineCounter:
    """Counts calls into slices. Times are seconds of any one clock.

    It begins at *began*, or with the first call, where that was made before.
    """

    def __init__(self, began: float) -> None:
        self._began = began
        self._slice_s = FIRST_S
        self._counts: list[_Counts] = []
        self._frozen: list[Slice | None] = []
        self._last_server: dict[str, str] = {}
        self.order = Order()
        """Of the present window."""

    def add(self, client: str, servers: Sequence[str | None], at: float) -> None:
        """Count calls that *client* made at *at*, each by the server that answered; None is one that failed."""
        counts = self._at(at)
        answered = [server for server in servers if server is not None]
        counts.errors += len(servers) - len(answered)
        if not answered:
            return
        for server, count in collections.Counter(answered).items():
            counts.add(server, count)
        last = self._last_server.get(client)
        if last is not None:
            answered.insert(0, last)
        followed, repeated = len(answered) - 1, sum(map(eq, answered, islice(answered, 1, None)))
        counts.followed += followed
        counts.repeated += repeated
        self.order = Order(self.order.followed + followed, self.order.repeated + repeated)
        self._last_server[client] = answered[-1]

    def new_window(self, at: float) -> None:
        """A window begins: no call in it follows one from the window before."""
        self._at(at).windows += 1
        self._last_server.clear()
        self.order = Order()

    def timeline(self, now: float) -> Timeline:
        """What is known up to *now*; slices that did not change are not copied again."""
        self._at(now)
        for index, counts in enumerate(self._counts):
            if self._frozen[index] is None:
                self._frozen[index] = counts.frozen()
        slices = tuple(found for found in self._frozen if found is not None)
        return Timeline(self._slice_s, slices, now - self._began)

    def _at(self, at: float) -> _Counts:
        """The slice that *at* lies in."""
        while True:
            index = math.floor((at - self._began) / self._slice_s)
            before = max(0, -index)
            if before + max(index + 1, len(self._counts)) <= SLICES:
                break
            self._coarsen()
        if before:
            self._begin_earlier(before)
            index = 0
        while len(self._counts) <= index:
            self._counts.append(_Counts())
            self._frozen.append(None)
        self._frozen[index] = None
        return self._counts[index]

    def _begin_earlier(self, slices: int) -> None:
        """So many slices come before the first; the first window begins with them."""
        earlier = [_Counts() for _ in range(slices)]
        if self._counts and self._counts[0].windows:
            self._counts[0].windows -= 1
            earlier[0].windows = 1
        self._began -= slices * self._slice_s
        self._counts = earlier + self._counts
        self._frozen = [None] * len(self._counts)

    def _coarsen(self) -> None:
        for first, second in zip(self._counts[::2], self._counts[1::2], strict=False):
            first.merge(second)
        self._counts = self._counts[::2]
        self._frozen = [None] * len(self._counts)
        self._slice_s *= 2
