"""The arithmetic of a rolling update, where a whole rollout would not show it."""

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.controllers.revision import size_annotations
from grpcdemo.sandbox.controllers.rolling_update import Sizes, max_surge, max_unavailable, old_sizes, scaled_sizes
from tests.sandbox.controllers.world import build_deployment


def rolling(replicas: int, surge: int | str, unavailable: int | str) -> Object:
    bounds = {"maxSurge": surge, "maxUnavailable": unavailable}
    return build_deployment(replicas, strategy={"type": "RollingUpdate", "rollingUpdate": bounds})


def replica_set(name: str, size: int, *, available: int, desired: int = 10, maximum: int = 13) -> Object:
    """Older than another whose name comes later."""
    metadata = {"name": name, "creationTimestamp": name, "annotations": size_annotations(desired, maximum)}
    return {"metadata": metadata, "spec": {"replicas": size}, "status": {"availableReplicas": available}}


def named(sizes: Sizes) -> dict[str, int]:
    return {found["metadata"]["name"]: size for found, size in sizes}


@pytest.mark.parametrize(
    ("deployment", "surge", "unavailable"),
    [
        (rolling(10, "25%", "25%"), 3, 2),
        (rolling(3, "25%", "25%"), 1, 0),
        (rolling(3, "100%", 0), 3, 0),
        (rolling(1, "29%", "99%"), 1, 0),
        (rolling(3, 0, 0), 0, 1),
        (rolling(3, 0, "10%"), 0, 1),
        (rolling(2, 1, 5), 1, 2),
        (rolling(0, "25%", "25%"), 0, 0),
        (build_deployment(4, strategy={"type": "Recreate"}), 0, 0),
        (build_deployment(4, strategy={}), 1, 1),
    ],
)
def test_surge_rounds_up_and_unavailable_down_and_not_both_are_zero(
    deployment: Object, surge: int, unavailable: int
) -> None:
    assert (max_surge(deployment), max_unavailable(deployment)) == (surge, unavailable)


def test_unavailable_pods_go_first_and_then_the_oldest() -> None:
    new = replica_set("c", 3, available=3)
    old = [replica_set("b", 4, available=1), replica_set("a", 6, available=6)]
    assert named(old_sizes(rolling(10, 3, 2), new, old)) == {"a": 4, "b": 1}


def test_unavailable_pods_go_only_as_new_ones_exist() -> None:
    new = replica_set("b", 3, available=0)
    assert named(old_sizes(rolling(10, 3, 2), new, [replica_set("a", 10, available=4)])) == {"a": 8}


def test_the_rest_goes_to_the_largest_and_among_equals_to_the_newest() -> None:
    sets = [replica_set(name, 5, available=5, maximum=15) for name in "abc"]
    assert named(scaled_sizes(rolling(13, 3, 0), sets[2], sets[:2])) == {"c": 6, "b": 5, "a": 5}


def test_shrinking_takes_the_rest_from_the_oldest_among_equals() -> None:
    sets = [replica_set(name, 5, available=5, maximum=15) for name in "abc"]
    assert named(scaled_sizes(rolling(11, 3, 0), sets[2], sets[:2])) == {"a": 4, "b": 5, "c": 5}


def test_a_complete_rollout_removes_old_pods_by_scaling() -> None:
    new = replica_set("b", 10, available=10)
    assert named(scaled_sizes(rolling(10, 3, 0), new, [replica_set("a", 2, available=2)])) == {"a": 0}
