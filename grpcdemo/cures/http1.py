"""A contrast: HTTP/1.1 with a connection for each request is balanced, like the connections."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import build_http1

CURE = Cure(
    name="http1",
    summary="HTTP/1.1 instead of gRPC, with a new connection for each call",
    changes=frozenset({Change.CLIENT_CODE, Change.SERVER_CODE}),
    build=lambda values: build_http1(values, {"CALLS_PER_CHANNEL": "1"}),
    contrast=True,
)
