"""Which Service to observe, and when to end."""

from __future__ import annotations

from dataclasses import dataclass, field

from grpcdemo.steps.measure import EVERY_S
from grpcdemo.steps.observe.blindness import BLIND_S
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.steps.sources.source import SourceConfig
from grpcdemo.steps.subject import Subject
from grpcdemo.verdict import Criteria


@dataclass(frozen=True)
class ServiceObserveConfig:
    """A user's own Service."""

    subject: Subject
    ends: Ends = field(default_factory=Ends)
    source: SourceConfig = field(default_factory=SourceConfig)
    criteria: Criteria = field(default_factory=Criteria)
    every_s: float = EVERY_S
    """Between two polls."""
    blind_s: float = BLIND_S
    """How long a client's counters may not be readable before it is said."""
