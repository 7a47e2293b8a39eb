"""Every change of a Service reaches the proxies, even after one that failed."""

import asyncio

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.resources.resource import SERVICES
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.proxy.services import follow_services

PATIENCE_S = 20.0


class Proxies:
    """Fail with *errors*, one after the other, before they take a configuration."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.configured = asyncio.Event()

    def configure(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.configured.set()


@pytest.mark.parametrize("error", [OSError("no space left"), GrpcdemoError("the sandbox has no port left")])
async def test_a_failed_configuration_is_retried(error: Exception) -> None:
    store, proxies = Store(), Proxies(error, error)
    following = asyncio.create_task(follow_services(store, proxies.configure, retry_s=0.0))
    try:
        await asyncio.wait_for(proxies.configured.wait(), PATIENCE_S)
        proxies.configured.clear()
        store.create(SERVICES, {"kind": "Service", "metadata": {"name": "server", "namespace": "demo"}})
        await asyncio.wait_for(proxies.configured.wait(), PATIENCE_S)
    finally:
        following.cancel()
