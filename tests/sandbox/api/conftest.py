"""Fixtures of a running API server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.authority import server_context
from tests.fakes.script import write_kubeconfig

from .harness import Client, Kubectl, Sandbox, running
from .samples import NAMESPACE


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running() as found:
        yield found


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return sandbox.client


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """A kubectl whose server speaks TLS, without which it would not send its token."""
    async with running(server_context()) as found:
        write_kubeconfig(tmp_path / "kubeconfig", found.client.url, namespace=NAMESPACE)
        yield Kubectl(tmp_path, found.node)
