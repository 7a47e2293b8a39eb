"""Connections are balanced, so a connection for each call balances calls, at the price of a handshake.

A new channel alone is not enough: gRPC may give it the connection of the channel that was closed a moment ago.
"""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import build_demo

CURE = Cure(
    name="per-call",
    summary="a new channel for each call, with its own connection",
    changes=frozenset({Change.CLIENT_CODE}),
    build=lambda values: build_demo(values, client={"CALLS_PER_CHANNEL": "1", "SUBCHANNELS": "local"}),
)
