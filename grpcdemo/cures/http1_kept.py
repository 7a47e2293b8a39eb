"""A contrast: HTTP/1.1 that keeps its connection is pinned, like gRPC."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import build_http1

CURE = Cure(
    name="http1-kept",
    summary="HTTP/1.1 instead of gRPC, over one connection",
    changes=frozenset({Change.CLIENT_CODE, Change.SERVER_CODE}),
    build=build_http1,
    contrast=True,
)
