"""When a rollout is over."""

from __future__ import annotations

import pytest

from grpcdemo.kube.rollout import is_settled
from grpcdemo.resources.pods import read_pod
from tests.resources.samples import Object, deployment, pod

THREE = [pod(f"p{index}") for index in range(3)]


@pytest.mark.parametrize(
    ("found", "pods", "settled"),
    [
        (deployment("d", replicas=3), THREE, True),
        (deployment("d", replicas=0), [], True),
        (deployment("d", replicas=3), THREE[:2], False),
        (deployment("d", replicas=2), THREE, False),
        (deployment("d", replicas=3, generation=2, observedGeneration=1), THREE, False),
        (deployment("d", replicas=3, updatedReplicas=1), THREE, False),
        (deployment("d", replicas=3) | {"status": {}}, THREE, False),
        (deployment("d", replicas=3), [*THREE[:2], pod("p2", ready=False)], False),
        (deployment("d", replicas=3), [*THREE[:2], pod("p2", metadata={"deletionTimestamp": "now"})], False),
    ],
)
def test_a_rollout_is_over_when_every_pod_is_new_and_ready(found: Object, pods: list[Object], settled: bool) -> None:
    assert is_settled([found], [read_pod(one) for one in pods]) is settled


def test_every_deployment_counts() -> None:
    pods = [read_pod(one) for one in THREE]
    assert is_settled([deployment("a", replicas=2), deployment("b")], pods)
    assert not is_settled([deployment("a", replicas=2), deployment("b", observedGeneration=0)], pods)
