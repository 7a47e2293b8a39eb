"""A trap, not a real pool: channels to one target share their connection unless they are told not to."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import CHANNELS, POOL, build_demo

CURE = Cure(
    name="shared-pool",
    summary=f"{CHANNELS} channels used in turn that share one connection, gRPC's default",
    changes=frozenset({Change.CLIENT_CODE}),
    build=lambda values: build_demo(values, client=POOL),
    contrast=True,
)
