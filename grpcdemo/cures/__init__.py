"""Every cure that is compared: what differs from the demo, what it needs, and what a user would have to change."""

from __future__ import annotations

from grpcdemo.cures import (
    age,
    envoy,
    headless,
    headless_age,
    http1,
    http1_kept,
    none,
    per_call,
    pool,
    proxyless,
    shared_pool,
    sidecar,
    weighted,
)
from grpcdemo.cures.cure import Cure
from grpcdemo.errors import UsageError
from grpcdemo.near_miss import suggest

CURES: tuple[Cure, ...] = (
    none.CURE,
    headless.CURE,
    age.CURE,
    headless_age.CURE,
    pool.CURE,
    shared_pool.CURE,
    per_call.CURE,
    sidecar.CURE,
    envoy.CURE,
    http1.CURE,
    http1_kept.CURE,
    weighted.CURE,
    proxyless.CURE,
)
"""In the order of the table."""
NAMES = tuple(cure.name for cure in CURES)


def find_cure(name: str) -> Cure:
    """Raises UsageError."""
    for cure in CURES:
        if cure.name == name:
            return cure
    raise UsageError(f"there is no cure {name!r}", hint=f"{suggest(name, NAMES)}the cures are {', '.join(NAMES)}")
