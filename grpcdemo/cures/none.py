"""No cure: what the demo shows."""

from __future__ import annotations

from grpcdemo.cures.cure import Cure
from grpcdemo.cures.objects import build_demo

CURE = Cure(
    name="none",
    summary="one channel with pick_first to the Service's cluster IP",
    changes=frozenset(),
    build=build_demo,
)
