"""A mesh's sidecar takes the client's one connection, and balances the requests in it over the pods."""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure, Need
from grpcdemo.cures.objects import build_demo

CURE = Cure(
    name="sidecar",
    summary="Istio's sidecar at the client and the server",
    changes=frozenset({Change.CLUSTER}),
    build=build_demo,
    needs=frozenset({Need.INJECTION}),
)
