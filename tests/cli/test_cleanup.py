"""`grpcdemo cleanup`"""

import json

from grpcdemo.resources.resource import NAMESPACES
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import DEMO, Command


def test_cleanup(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    ended = grpcdemo("cleanup", "--kubeconfig", up, "--dry-run")
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", True)
    ended = grpcdemo("cleanup", "--kubeconfig", up)
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", False)
    assert grpcdemo("cleanup", "--kubeconfig", up).code == 0


def test_a_script_reads_what_was_deleted(grpcdemo: Command, up: str) -> None:
    assert grpcdemo("cleanup", "--kubeconfig", up, "--dry-run", "-o", "json").out == ""
    ended = grpcdemo("cleanup", "--kubeconfig", up, "-o", "json")
    deleted = ["services/grpc-server", "deployments/grpc-client", "deployments/grpc-server"]
    assert json.loads(ended.out) == {
        "namespaces": [{"namespace": DEMO, "fate": "deleted", "deleted": deleted, "restoredLabels": {}, "gone": True}]
    }
