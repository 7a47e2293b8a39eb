"""The server closes each connection after a while, and the client reconnects, to any pod.

So shares even out over time, but at every moment the client is on one pod.
"""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure
from grpcdemo.cures.objects import AGE_LIMIT, AGE_S, build_demo

CURE = Cure(
    name="age",
    summary=f"the server closes connections after {AGE_S:g} seconds",
    changes=frozenset({Change.SERVER_CODE}),
    build=lambda values: build_demo(values, server=AGE_LIMIT),
)
