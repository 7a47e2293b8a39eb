"""The contract suite runs `grpcdemo` and `kubectl` as a user does, on the target of KUBECONFIG.

Every scenario runs on both targets, and none knows its target: a sandbox for each worker of the test session, and the
cluster of the developer's KUBECONFIG.
"""

from collections.abc import Iterator

import pytest

from tests.contract.targets import behind_kubeconfig, developers_cluster, own_sandbox
from tests.contract.tools import SLOWLY, Demo, new_demo

TARGETS = [pytest.param("sandbox", marks=pytest.mark.sandbox), pytest.param("cluster", marks=pytest.mark.cluster)]


@pytest.fixture(scope="session", params=TARGETS)
def kubeconfig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    sandbox = request.param == "sandbox"
    with own_sandbox(tmp_path_factory.mktemp("user")) if sandbox else developers_cluster() as found:
        yield found


@pytest.fixture(scope="package", autouse=True)
def target(kubeconfig: str) -> Iterator[None]:
    """An API that answers behind KUBECONFIG, with an injector in it."""
    with behind_kubeconfig(kubeconfig):
        yield


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A namespace's name of its own. Its content is removed after the test."""
    with new_demo() as found:
        yield found


@pytest.fixture(scope="package")
def running(target: None) -> Iterator[Demo]:
    """A demo without Istio, shared by the tests that change nothing."""
    with new_demo() as found:
        found.run("up", *SLOWLY).check(0)
        yield found
