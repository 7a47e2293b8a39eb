"""`grpcdemo cleanup`"""

from grpcdemo.resources.resource import NAMESPACES
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import DEMO, Command


def test_cleanup(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    ended = grpcdemo("cleanup", "--kubeconfig", up, "--dry-run")
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", True)
    ended = grpcdemo("cleanup", "--kubeconfig", up)
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", False)
    assert grpcdemo("cleanup", "--kubeconfig", up).code == 0
