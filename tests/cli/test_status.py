"""`grpcdemo status`"""

import json

import pytest

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


@pytest.mark.parametrize(
    ("command", "number"),
    [(("status",), 3), (("istio", "status"), 3), (("observe", "--requests", "1", "-o", "json"), 2)],
    ids=["status", "istio status", "observe"],
)
def test_the_commands_that_show_the_same(grpcdemo: Command, up: str, command: tuple[str, ...], number: int) -> None:
    assert "kubectl" not in grpcdemo(*command, "--kubeconfig", up).err
    ended = grpcdemo(*command, "--kubeconfig", up, "--show-commands")
    shown = [line for line in ended.error_lines if line.startswith("  $ kubectl ")]
    assert (ended.code, len(shown)) == (0, number)
    assert all(line.endswith(f" --context fake --kubeconfig {up}") for line in shown)
