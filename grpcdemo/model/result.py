"""What the whole demo found, and where and when that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grpcdemo.model.observation import Observation


@dataclass(frozen=True)
class Provenance:
    """Where, when and with what a result was measured, so that it can be quoted."""

    command: str
    began: datetime
    grpcdemo: str
    kubernetes: str
    istio: tuple[str, ...] | None
    """Versions of the running control planes; None if they could not be read."""
    context: str
    namespace: str
    sandbox: bool = False
    flags: tuple[str, ...] = ()
    """What points other commands of grpcdemo there."""


@dataclass(frozen=True)
class Phase:
    """One half of the demo, and what was observed in it."""

    title: str
    observation: Observation


@dataclass(frozen=True)
class DemoResult:
    """Istio off and on, side by side."""

    before: Phase
    after: Phase
    seconds: float
