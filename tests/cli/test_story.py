"""Each command on a cluster that behaves: the result on stdout, everything else on stderr, and an exit code."""

from __future__ import annotations

import json

import pytest

from grpcdemo.resources.resource import NAMESPACES, PODS
from grpcdemo.sandbox.api.status import forbidden
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import Command

DEMO = "istio-grpc-demo"


@pytest.fixture
def up(grpcdemo: Command, kubeconfig: str) -> str:
    """The kubeconfig of a cluster in which the demo is up."""
    assert grpcdemo("up", "--kubeconfig", kubeconfig).code == 0
    return kubeconfig


def test_up(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("up", "--kubeconfig", kubeconfig, "--servers", "2")
    assert ended.code == 0
    head, *rows = ended.out.splitlines()
    assert head.split() == ["POD", "READY", "STATUS", "RESTARTS", "IP", "PROXY", "NODE"]
    assert [row.split()[1] for row in rows] == ["1/1"] * 3
    assert ended.error_lines[0].startswith("using context fake (http://127.0.0.1:")
    assert f"✓ namespace {DEMO} created, istio-injection=disabled" in ended.error_lines
    assert "\x1b" not in ended.out + ended.err


def test_up_as_json(grpcdemo: Command, kubeconfig: str) -> None:
    pods = json.loads(grpcdemo("up", "--kubeconfig", kubeconfig, "-o", "json").out)["pods"]
    assert sorted(pod["app"] for pod in pods) == ["grpc-client"] + ["grpc-server"] * 3


def test_a_dry_run_of_up_has_no_result(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("up", "--kubeconfig", kubeconfig, "--dry-run")
    assert (ended.code, ended.out) == (0, "")
    assert all(line.endswith("(dry run)") for line in ended.error_lines[1:])
    assert DEMO not in cluster.names(NAMESPACES)


def test_istio_on_and_off(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    ended = grpcdemo("istio", "on", "--kubeconfig", up)
    assert ended.code == 0
    assert [row.split()[1] for row in ended.out.splitlines()[1:]] == ["2/2"] * 4
    status = json.loads(grpcdemo("istio", "status", "--kubeconfig", up, "-o", "json").out)
    assert (status["injectingRevision"], status["labels"]) == ("default", {"istio-injection": "enabled"})
    ended = grpcdemo("istio", "off", "--kubeconfig", up)
    assert [row.split()[1] for row in ended.out.splitlines()[1:]] == ["1/1"] * 4


def test_istio_on_that_is_refused(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    cluster.refuse_pods(forbidden(PODS, "x", "exceeded quota: small"))
    ended = grpcdemo("istio", "on", "--kubeconfig", up)
    warning, error, hint = ended.error_lines[-3:]
    assert (ended.code, ended.out) == (1, "")
    assert warning.startswith("! the namespace's labels are restored")
    assert error.startswith("error: cannot create pods in namespace istio-grpc-demo: ")
    assert hint.startswith("hint: a restart needs room")


def test_status(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("status", "--kubeconfig", up)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[2].split(None, 1)[1] == (
        f"{DEMO}, Active, created by grpcdemo, istio-injection=disabled"
    )
    document = json.loads(grpcdemo("status", "--kubeconfig", up, "-o", "json").out)
    assert (document["context"], document["phase"], len(document["pods"])) == ("fake", "Active", 4)


def test_status_of_nothing_is_an_answer(grpcdemo: Command, kubeconfig: str) -> None:
    ended = grpcdemo("status", "--kubeconfig", kubeconfig)
    assert ended.code == 0
    assert "does not exist" in ended.out
    assert grpcdemo("istio", "status", "--kubeconfig", kubeconfig).code == 1


@pytest.mark.parametrize(("expect", "code"), [("pinned", 0), ("balanced", 3)])
def test_observe(grpcdemo: Command, up: str, expect: str, code: int) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", expect, "-o", "json")
    assert ended.code == code
    assert json.loads(ended.out)["verdict"] == "pinned"
    assert (f"error: expected {expect}, saw pinned" in ended.err) is bool(code)


def test_observe_counts_to_the_last_response(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "-o", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["responses"], document["missed"]) == (0, 25, 0)


def test_observe_that_saw_too_little(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "pinned", "--timeout", "0")
    assert ended.code == 4
    assert ended.out.endswith("inconclusive: none of the 3 ready servers has answered yet\n")


def test_observe_without_a_demo(grpcdemo: Command, kubeconfig: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (1, "")
    assert ended.error_lines == [
        f"error: there is no grpc-client pod in namespace {DEMO}",
        "hint: deploy the demo with `grpcdemo up`",
    ]


def test_cleanup(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    ended = grpcdemo("cleanup", "--kubeconfig", up, "--dry-run")
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", True)
    ended = grpcdemo("cleanup", "--kubeconfig", up)
    assert (ended.code, ended.out, DEMO in cluster.names(NAMESPACES)) == (0, "", False)
    assert grpcdemo("cleanup", "--kubeconfig", up).code == 0


def test_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert ended.code == 0
    assert ended.out.splitlines()[-2:] == [line for line in ended.out.splitlines() if line.startswith("Istio o")]
    assert DEMO not in cluster.names(NAMESPACES)


def test_a_demo_that_goes_otherwise(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    cluster.node.balances = True
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (3, "")
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [((), "pinned"), (("--min-responses", "101"), "inconclusive"), (("--error-rate", "1e-12"), "inconclusive")],
    ids=["default", "more", "surer"],
)
def test_how_sure_a_verdict_must_be(grpcdemo: Command, up: str, options: tuple[str, ...], verdict: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "60", *options, "-o", "json")
    assert json.loads(ended.out)["verdict"] == verdict
