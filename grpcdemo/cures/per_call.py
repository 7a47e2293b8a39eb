"""Connections are balanced, so a connection for each call is balanced too, at the price of its handshake."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import build_demo

CURE = Cure(
    name="per-call",
    summary="a new channel for each call",
    changes=frozenset({Change.CLIENT_CODE}),
    build=lambda values: build_demo(values, client={"CALLS_PER_CHANNEL": "1"}),
)
