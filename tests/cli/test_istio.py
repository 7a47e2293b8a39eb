"""`grpcdemo istio on|off|status`"""

import json

from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.status import forbidden
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import Command


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
    assert hint.startswith("hint: a restart needs old and new pods")
