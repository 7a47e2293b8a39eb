"""Updates the proxies when Services or their endpoints change."""

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
    """Call *changed* now and after each change until cancelled; changes in one turn of the event loop count as one."""
    pending: asyncio.Handle | None = None

    def update() -> None:
        nonlocal pending
        pending = None
        try:
            changed()
        except (OSError, GrpcdemoError) as error:  # a full disk or no free port, which may pass
            log.error("cannot configure a proxy: %s", error)
            pending = asyncio.get_running_loop().call_later(retry_s, update)

    try:
        while True:
            since = store.version
            update()
            try:
                async for event in store.watch(None, since):
                    if event.resource in (SERVICES, ENDPOINT_SLICES) and pending is None:
                        pending = asyncio.get_running_loop().call_soon(update)
            except StatusError as too_old:
                log.info("the proxies fell behind and restart from a list: %s", too_old)
    finally:
        if pending is not None:
            pending.cancel()
