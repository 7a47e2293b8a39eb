"""A hint tells to look at nothing that is gone."""

import pytest

from grpcdemo.cli.invocation import Gone, Invocation
from grpcdemo.errors import Hint, Kubectl

LOOK = Hint("see `grpcdemo status`", looks=True)
PODS = Hint("see ", Kubectl("get", "pods", namespace="demo"))


@pytest.mark.parametrize("hint", [LOOK, PODS], ids=["ours", "kubectl"])
def test_what_is_gone_is_not_looked_at(hint: Hint) -> None:
    assert Invocation((), gone=Gone("demo")).word(hint) is None
    assert Invocation((), gone=Gone("demo", "use --keep")).word(hint) == "use --keep"


@pytest.mark.parametrize(
    "hint",
    [
        Hint("deploy it with `grpcdemo up`"),
        Hint("see ", Kubectl("get", "pods", namespace="istio-system")),
        Hint("see ", Kubectl("get", "nodes")),
    ],
    ids=["no-look", "other-namespace", "no-namespace"],
)
def test_what_is_still_there_may_be_looked_at(hint: Hint) -> None:
    assert Invocation((), gone=Gone("demo")).word(hint) == hint.text()


def test_a_demo_that_is_there_may_be_looked_at() -> None:
    assert Invocation(()).word(LOOK) == LOOK.text()
