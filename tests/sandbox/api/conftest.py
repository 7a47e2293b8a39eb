"""The running API server as fixtures."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.sandbox.certificate import Certificate, make_certificate

from .harness import Client, Kubectl, Sandbox, running, write_kubeconfig


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
def certificate() -> Certificate:
    return make_certificate()


@pytest.fixture
async def kubectl(tmp_path: Path, certificate: Certificate) -> AsyncIterator[Kubectl]:
    """A kubectl whose server speaks TLS, without which it would not send its token."""
    pem = tmp_path / "server.pem"
    pem.write_bytes(certificate.certificate + certificate.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with running(context) as found:
        write_kubeconfig(tmp_path / "kubeconfig", found.client.url, certificate.certificate)
        yield Kubectl(tmp_path)
