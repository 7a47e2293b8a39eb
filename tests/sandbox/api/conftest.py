"""Fixtures of a running API server."""

import base64
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from tests.fakes.script import write_kubeconfig

from .harness import Client, Kubectl, Sandbox, running
from .samples import NAMESPACE


@pytest.fixture(autouse=True)
def _no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the server's own is trusted here, and reading all that a machine trusts takes longer than a test."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running() as found:
        yield found


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return sandbox.client


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def kubectl(tmp_path: Path, authority: trustme.CA) -> AsyncIterator[Kubectl]:
    """A kubectl whose server speaks TLS, without which it would not send its token."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with running(context) as found:
        path, ca = tmp_path / "kubeconfig", base64.b64encode(authority.cert_pem.bytes()).decode()
        write_kubeconfig(path, found.client.url, namespace=NAMESPACE, **{"certificate-authority-data": ca})
        yield Kubectl(tmp_path)
