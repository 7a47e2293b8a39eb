"""What a cluster has and the sandbox has not: rights, quotas, PodSecurity, a control plane to take away.

A scenario is here only if it cannot be told without one of these; every other is in the contract suite, which
runs on both.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.targets import behind_kubeconfig, developers_cluster
from tests.contract.tools import Demo, new_demo


@pytest.fixture(scope="package", autouse=True)
def target() -> Iterator[None]:
    with developers_cluster() as kubeconfig, behind_kubeconfig(kubeconfig):
        yield


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A namespace's name of its own, nothing in it yet; whatever a test leaves there is removed."""
    with new_demo() as found:
        yield found
