"""The two targets of the contract suite, each behind KUBECONFIG for as long as its context lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import leave_home
from tests.contract.tools import kubectl
from tests.sandbox.user import SandboxUser


@contextmanager
def own_sandbox(home: Path) -> Iterator[None]:
    """A sandbox that is started for it; afterwards nothing of it runs any more."""
    with SandboxUser(home) as user, pytest.MonkeyPatch.context() as monkeypatch:
        user.run("sandbox", "start")
        leave_home(monkeypatch, home)
        monkeypatch.setenv("KUBECONFIG", str(user.state.kubeconfig))
        _check_injector()
        yield
    user.wait_until_gone()


@contextmanager
def developers_cluster() -> Iterator[None]:
    """The cluster that KUBECONFIG names. A missing one fails: a run that was asked for is not skipped."""
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG names no cluster", pytrace=False)
    _check_injector()
    yield


def _check_injector() -> None:
    found = kubectl("get", "mutatingwebhookconfigurations", "--selector", "app=sidecar-injector", "--output", "name")
    if not found.strip():
        pytest.fail("the cluster has no Istio sidecar injector", pytrace=False)
