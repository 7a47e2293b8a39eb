"""The scripted API as fixtures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import Patience
from tests.fakes.script import Script, connected


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def api(script: Script, tmp_path: Path) -> AsyncIterator[Api]:
    """A client that tries again at once."""
    patience = Patience(back_off_s=0, lost_retry_s=0, starting_s=0)
    async with connected(script, tmp_path, patience=patience) as connected_api:
        yield connected_api
