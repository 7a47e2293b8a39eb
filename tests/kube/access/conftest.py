"""The recording API server as a fixture."""

from collections.abc import AsyncIterator

import pytest

from tests.kube.access.kubeconfigs import Recorder, recording


@pytest.fixture
async def server() -> AsyncIterator[Recorder]:
    async with recording(Recorder()) as recorder:
        yield recorder
