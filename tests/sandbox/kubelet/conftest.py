"""The machine that most tests of the kubelet run on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .machine import Machine, running_machine


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with running_machine(tmp_path) as machine:
        yield machine
