"""The scripted API as fixtures."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.api import Api
from tests.fakes.script import Script, connected


@pytest.fixture(autouse=True)
def _no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """No TLS is spoken here, and reading all that a machine trusts takes longer than most of these tests."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def api(script: Script, tmp_path: Path) -> AsyncIterator[Api]:
    async with connected(script, tmp_path) as connected_api:
        yield connected_api
