"""gRPC balances by itself if it knows all addresses and is told to use them.

It resolves the name again only when a connection breaks, and then at most every 30 seconds.
"""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import ROUND_ROBIN, build_demo

CURE = Cure(
    name="headless",
    summary="round_robin in the client over the pods of a headless Service",
    changes=frozenset({Change.CLIENT_CODE, Change.CLUSTER}),
    build=lambda values: build_demo(values, client=ROUND_ROBIN, headless=True),
)
