"""The contract suite runs `grpcdemo` and `kubectl` as a user does, against whatever KUBECONFIG names.

It knows nothing else of its target. A missing target fails: a run that was asked for is not skipped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="session", autouse=True)
def target() -> None:
    """The API that KUBECONFIG names answers, and has an Istio in it."""
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG names no cluster", pytrace=False)
    found = kubectl("get", "mutatingwebhookconfigurations", "--selector", "app=sidecar-injector", "--output", "name")
    if not found.strip():
        pytest.fail("the cluster has no Istio sidecar injector", pytrace=False)


def new_name() -> str:
    return f"grpcdemo-test-{secrets.token_hex(3)}"


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A namespace's name of its own, nothing in it yet; whatever a test leaves there is removed."""
    found = Demo(new_name())
    yield found
    found.remove()


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    """A demo that is up, without Istio, shared by the tests of a module that change nothing."""
    found = Demo(new_name())
    found.run("up").check(0)
    yield found
    found.remove()
