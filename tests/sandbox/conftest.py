"""The sandbox of a user of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grpcdemo.sandbox.state import State
from tests.sandbox.user import SandboxUser


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxUser]:
    """Not started yet; ended after the test."""
    with SandboxUser(tmp_path) as found:
        yield found


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The folder of a sandbox of the test's own."""
    return State(tmp_path / "grpcdemo" / "sandbox")
