"""`grpcdemo check` on the command line."""

import json

from grpcdemo.resources.resource import MUTATING_WEBHOOKS, NODES
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import reply

from .conftest import Command


def test_a_failed_check_is_exit_code_1(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    cluster.faults.on("GET", NODES.path(), reply({"items": []}))
    assert grpcdemo("check", "--kubeconfig", kubeconfig).code == 0
    cluster.faults.on("GET", NODES.path(), reply({"items": []}))
    cluster.faults.on("GET", MUTATING_WEBHOOKS.path(), *[reply({"items": []})] * 9)
    ended = grpcdemo("check", "--kubeconfig", kubeconfig, "-o", "json")
    assert ended.code == 1
    assert {one["id"] for one in json.loads(ended.out)["checks"] if one["severity"] == "failed"} == {"istio"}


def test_a_sandbox_that_demo_would_start(grpcdemo: Command) -> None:
    ended = grpcdemo("check", "--sandbox", "-o", "json")
    assert (ended.code, json.loads(ended.out)["checks"][0]["id"]) == (0, "target")


def test_with_a_service_it_is_diagnose(grpcdemo: Command, kubeconfig: str) -> None:
    for words in (("svc/none",), ("-n", "default", "service/none"), ("-A",)):
        assert grpcdemo("check", *words, "--kubeconfig", kubeconfig) == grpcdemo(
            "diagnose", *words, "--kubeconfig", kubeconfig
        )
