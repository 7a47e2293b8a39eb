"""With round_robin, a connection that the server closes makes the client resolve the name again.

So it also learns of new pods.
"""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import AGE_LIMIT, AGE_S, ROUND_ROBIN, build_demo

CURE = Cure(
    name="headless+age",
    summary=f"headless, and the server closes connections after {AGE_S:g} seconds",
    changes=frozenset({Change.CLIENT_CODE, Change.SERVER_CODE, Change.CLUSTER}),
    build=lambda values: build_demo(values, client=ROUND_ROBIN, server=AGE_LIMIT, headless=True),
)
