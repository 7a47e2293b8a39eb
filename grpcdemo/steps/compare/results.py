"""What was measured so far. It stays whole when the comparison is ended before its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.model.comparison import (
    BASELINE,
    Comparison,
    Cost,
    Course,
    CureResult,
    Setting,
    Window,
    added_latency,
)
from grpcdemo.steps.compare.analysis import clients_by_verdict, together, verdict_of


class Results:
    """Filled by `compare` step by step."""

    def __init__(self) -> None:
        self.setting: Setting | None = None
        """None before there is a plan."""
        self.seconds = 0.0
        self.complete = False
        self._cures: Sequence[Cure] = ()
        self._windows: dict[str, list[Window]] = {}
        self._servers: dict[str, set[str]] = {}
        self._courses: dict[str, Course] = {}
        self._costs: dict[str, Cost | str] = {}
        self.failures: dict[str, str] = {}
        """Why a cure cannot run, or how it failed, by its name."""

    def begin(self, setting: Setting, cures: Sequence[Cure], left_out: Mapping[str, str]) -> None:
        self.setting, self._cures = setting, cures
        self.failures.update(left_out)

    def add_window(self, cure: Cure, window: Window, servers: Sequence[str]) -> None:
        self._windows.setdefault(cure.name, []).append(window)
        self._servers.setdefault(cure.name, set()).update(servers)

    def add_course(self, cure: Cure, course: Course) -> None:
        self._courses[cure.name] = course

    def add_cost(self, cure: Cure, cost: Cost | str) -> None:
        """Or why it is not known."""
        self._costs[cure.name] = cost

    @property
    def windows(self) -> int:
        """How many there are, of all cures."""
        return sum(map(len, self._windows.values()))

    @property
    def comparison(self) -> Comparison | None:
        """None before anything was measured."""
        if self.setting is None or not self._windows:
            return None
        return Comparison(self.setting, tuple(map(self._result, self._cures)), self.seconds, self.complete)

    def _result(self, cure: Cure) -> CureResult:
        windows, servers = self._windows.get(cure.name, []), self._servers.get(cure.name, set())
        traffic = together(window.traffic for window in windows)
        cost = self._costs.get(cure.name)
        baselines = self._windows.get(BASELINE, [])
        return CureResult(
            name=cure.name,
            summary=cure.summary,
            changes=tuple(change.value for change in Change if change in cure.changes),
            contrast=cure.contrast,
            windows=tuple(windows),
            traffic=traffic,
            verdict=verdict_of(traffic, servers) if windows else None,
            clients=clients_by_verdict(windows, servers),
            added_ms={} if cure.name == BASELINE else added_latency(windows, baselines),
            course=self._courses.get(cure.name),
            cost=cost if isinstance(cost, Cost) else None,
            cost_unknown=cost if isinstance(cost, str) else "",
            failure=self.failures.get(cure.name, ""),
        )
