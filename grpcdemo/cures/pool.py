"""A pool of channels, each with a connection of its own: each goes to any pod, and some to the same."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import CHANNELS, POOL, build_demo

CURE = Cure(
    name="pool",
    summary=f"{CHANNELS} channels used in turn, each with its own connection",
    changes=frozenset({Change.CLIENT_CODE}),
    build=lambda values: build_demo(values, client={**POOL, "SUBCHANNELS": "local"}),
)
