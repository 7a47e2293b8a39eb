"""Who answered when: the whole observation, across its windows, in a bounded number of equal slices of time.

A window ends with every change of the pods, so it cannot show the change itself. This can. When all slices are
used up, neighbors are merged in pairs, and new slices are twice as long: an hour takes no more memory than a minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from grpcdemo.model.observation import OTHERS, Slice, Timeline

SLICES = 240
FIRST_S = 0.5
"""The length of a slice in the beginning."""
SERVERS = 200
"""How many server pods one slice tells apart: many may come and go in a long one."""


@dataclass
class _Counts:
    by_server: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    followed: int = 0
    repeated: int = 0
    windows: int = 0

    def add(self, other: Slice | _Counts) -> None:
        for server, count in other.by_server.items():
            if server not in self.by_server and len(self.by_server) >= SERVERS:
                server = OTHERS
            self.by_server[server] = self.by_server.get(server, 0) + count
        self.errors += other.errors
        self.followed += other.followed
        self.repeated += other.repeated
        self.windows += other.windows

    def frozen(self) -> Slice:
        return Slice(dict(self.by_server), self.errors, self.followed, self.repeated, self.windows)


class TimelineCounter:
    """Adds up what windows counted, from *began* or an earlier first call. Times are seconds of any one clock."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._slice_s = FIRST_S
        self._counts: list[_Counts] = []
        self._frozen: list[Slice | None] = []

    @property
    def began(self) -> float:
        """The time of the observation's second 0."""
        return self._began

    def add(self, counted: Slice, at: float) -> None:
        """Add *counted*, all of which happened at *at*."""
        self._at(at).add(counted)

    def timeline(self, now: float) -> Timeline:
        """Everything up to *now*. Slices that did not change are not copied again."""
        self._at(now)
        for index, counts in enumerate(self._counts):
            if self._frozen[index] is None:
                self._frozen[index] = counts.frozen()
        slices = tuple(frozen for frozen in self._frozen if frozen is not None)
        return Timeline(self._slice_s, slices, now - self._began)

    def _at(self, at: float) -> _Counts:
        """The slice for *at*, to be changed."""
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
        """Put that many slices before the first. The first window begins with them."""
        earlier = [_Counts() for _ in range(slices)]
        if self._counts and self._counts[0].windows:
            self._counts[0].windows -= 1
            earlier[0].windows = 1
        self._began -= slices * self._slice_s
        self._counts = earlier + self._counts
        self._frozen = [None] * len(self._counts)

    def _coarsen(self) -> None:
        for first, second in zip(self._counts[::2], self._counts[1::2], strict=False):
            first.add(second)
        self._counts = self._counts[::2]
        self._frozen = [None] * len(self._counts)
        self._slice_s *= 2
