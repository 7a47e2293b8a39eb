"""`grpcdemo status`"""

import json

from .conftest import DEMO, Command


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
