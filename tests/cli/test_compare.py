"""`grpcdemo compare`"""

import pytest

from grpcdemo.resources.resource import NAMESPACES
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import Command


def test_a_dry_run_says_how_long_and_changes_nothing(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str
) -> None:
    before = cluster.names(NAMESPACES)
    ended = grpcdemo("compare", "--kubeconfig", kubeconfig, "--cures", "headless, pool", "--rounds", "2", "--dry-run")
    assert (ended.code, ended.out) == (0, "")
    _, announced, deployed, *_ = ended.error_lines
    assert "3 cures, 9 windows in 2 rounds" in announced
    assert "istio-grpc-demo-compare-headless, istio-grpc-demo-compare-pool" in deployed
    assert cluster.names(NAMESPACES) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cures", "headles"], ["there is no cure 'headles'", "headless"]),
        (["--may-change", "servers"], ["'servers' is not one of client, server, cluster"]),
        (["--servers", "1"], ["--servers"]),
        (["--rounds", "0"], ["--rounds"]),
        (["--rate", "1", "--rounds", "1"], ["too few", "--rate"]),
        (["--namespace", "n" * 60], ["too long for the name of a namespace"]),
    ],
    ids=lambda value: " ".join(value)[:24],
)
def test_wrong_use_is_found_before_anything_changes(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, options: list[str], words: list[str]
) -> None:
    ended = grpcdemo("compare", "--kubeconfig", kubeconfig, *options)
    assert (ended.code, ended.out) == (2, "")
    assert not [word for word in words if word not in ended.err]
    assert cluster.faults.changes == []
