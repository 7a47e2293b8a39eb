"""Scenarios that need what the sandbox lacks: rights, quotas, PodSecurity, a control plane to stop.

Every other scenario is in the contract suite, which runs on both targets.
"""

from collections.abc import Iterator

import pytest

from tests.contract.conftest import demo as demo
from tests.contract.targets import behind_kubeconfig, developers_cluster


@pytest.fixture(scope="package", autouse=True)
def target() -> Iterator[None]:
    with developers_cluster() as kubeconfig, behind_kubeconfig(kubeconfig):
        yield
