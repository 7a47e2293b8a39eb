"""Nodes that take no pods for a while. Others would miss them, hence alone."""

import pytest

from tests.contract.tools import Demo, kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.alone]


def test_a_node_that_is_cordoned_is_waited_for(demo: Demo) -> None:
    nodes = kubectl("get", "nodes", "--output", "name").split()
    kubectl("cordon", *nodes)
    try:
        with demo.start("up", "--servers", "1") as up:
            up.wait_for("is unschedulable")
            kubectl("uncordon", *nodes)
            up.result().check(0)
    finally:
        kubectl("uncordon", *nodes)
