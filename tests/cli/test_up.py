"""`grpcdemo up`"""

import json

import pytest

from grpcdemo.resources.resource import NAMESPACES, PODS
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import DEMO, Command


def test_up(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("up", "--kubeconfig", kubeconfig, "--servers", "2")
    assert ended.code == 0
    head, *rows = ended.out.splitlines()
    assert head.split() == ["POD", "READY", "STATUS", "RESTARTS", "IP", "PROXY", "NODE"]
    assert [row.split()[1] for row in rows] == ["1/1"] * 3
    assert ended.error_lines[0].startswith("using context fake (http://127.0.0.1:")
    assert f"✓ namespace {DEMO} created, istio-injection=disabled" in ended.error_lines
    assert ended.error_lines[-1] == f"next: `grpcdemo observe --kubeconfig {kubeconfig}` shows which pods answer"
    assert "\x1b" not in ended.out + ended.err


def test_up_as_json(grpcdemo: Command, kubeconfig: str) -> None:
    pods = json.loads(grpcdemo("up", "--kubeconfig", kubeconfig, "-o", "json").out)["pods"]
    assert sorted(pod["app"] for pod in pods) == ["grpc-client"] + ["grpc-server"] * 3


def test_a_dry_run_of_up_has_no_result(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("up", "--kubeconfig", kubeconfig, "--dry-run")
    assert (ended.code, ended.out) == (0, "")
    assert ended.error_lines[1:] == [
        f"would create namespace {DEMO} with istio-injection=disabled",
        "would create Service grpc-server",
        "would create Deployment grpc-server",
        "would create Deployment grpc-client",
    ]
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.fixture
def shared_namespace(cluster: HollowCluster) -> None:
    """A namespace of others, with a pod in it, before the cluster is served."""
    cluster.create_namespace(DEMO)
    cluster.create(PODS, DEMO, "theirs", spec={"containers": [{"name": "c", "image": "x"}]})


def test_yes_is_no_consent_to_a_relabeling(grpcdemo: Command, shared_namespace: None, kubeconfig: str) -> None:
    up = ("up", "--kubeconfig", kubeconfig, "--servers", "1")
    refused = grpcdemo(*up, "--yes")
    assert (refused.code, refused.out) == (1, "")
    assert refused.error_lines[-1].endswith("--allow-shared-namespace")
    assert grpcdemo(*up, "--allow-shared-namespace").code == 0
