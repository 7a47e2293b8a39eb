"""The two targets of the contract suite, each as the KUBECONFIG that leads to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import DEVELOPERS_KUBECONFIG
from tests.contract.tools import kubectl
from tests.sandbox.user import SandboxUser


@contextmanager
def own_sandbox(home: Path) -> Iterator[str]:
    """A sandbox that runs in the context; afterwards none of its processes is left."""
    with SandboxUser(home) as user:
        user.run("sandbox", "start")
        yield str(user.state.kubeconfig)
    user.wait_until_gone()


@contextmanager
def developers_cluster() -> Iterator[str]:
    """The cluster of KUBECONFIG. Without one, a test fails instead of being skipped."""
    if not os.environ.get(DEVELOPERS_KUBECONFIG):
        pytest.fail("KUBECONFIG names no cluster", pytrace=False)
    yield os.environ[DEVELOPERS_KUBECONFIG]


@contextmanager
def behind_kubeconfig(kubeconfig: str) -> Iterator[None]:
    """Set KUBECONFIG to a target with an injector."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        found = kubectl(
            "get", "mutatingwebhookconfigurations", "--selector", "app=sidecar-injector", "--output", "name"
        )
        if not found.strip():
            pytest.fail("the cluster has no Istio sidecar injector", pytrace=False)
        yield
