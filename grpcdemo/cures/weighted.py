"""Like headless, but each pod's share depends on the load that it reports with its responses."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import build_demo

CURE = Cure(
    name="weighted",
    summary="headless with weighted_round_robin, by the load that servers report",
    changes=frozenset({Change.CLIENT_CODE, Change.SERVER_CODE, Change.CLUSTER}),
    build=lambda values: build_demo(
        values, client={"POLICY": "weighted_round_robin"}, server={"LOAD_REPORTS": "on"}, headless=True
    ),
)
