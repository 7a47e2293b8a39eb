"""Tells the proxies, at once and once, when Services or their endpoints have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from grpcdemo.errors import GrpcdemoError
from grpcdemo.resources.resource import ENDPOINT_SLICES, SERVICES
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Store

RETRY_S = 1.0

log = logging.getLogger(__name__)


async def follow_services(store: Store, changed: Callable[[], None], *, retry_s: float = RETRY_S) -> None:
    """Call *changed* now and after every change, for ever; changes in one breath of the event loop are one."""
    pending: asyncio.Handle | None = None

    def tell() -> None:
        nonlocal pending
        pending = None
        try:
            changed()
        except (OSError, GrpcdemoError) as error:  # a full disk, or no port left, of which there may be some again
            log.error("cannot configure a proxy: %s", error)
            pending = asyncio.get_running_loop().call_later(retry_s, tell)

    try:
        while True:
            since = store.version
            tell()
            try:
                async for event in store.watch(None, since):
                    if event.resource in (SERVICES, ENDPOINT_SLICES) and pending is None:
                        pending = asyncio.get_running_loop().call_soon(tell)
            except StatusError as too_old:
                log.info("the proxies fell behind and start over: %s", too_old)
    finally:
        if pending is not None:
            pending.cancel()
