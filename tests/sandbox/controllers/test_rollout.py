"""Rollouts of a Deployment, with every change of a pod on the way looked at."""

import functools
from collections import Counter

import pytest

from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import PODS, REPLICA_SETS
from grpcdemo.sandbox.controllers.conditions import find_condition
from grpcdemo.sandbox.controllers.revision import DESIRED_REPLICAS, MAX_REPLICAS, REVISION, REVISION_HISTORY
from tests.fakes.hollow_node import NOT_READY, READY, SLOW_TO_STOP
from tests.sandbox.controllers.world import World, deployed

SURGE_ONLY = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
UNAVAILABLE_ONLY = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
QUARTER = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
RECREATE = {"type": "Recreate"}


def sizes(world: World) -> list[int]:
    """By revision."""
    replica_sets = sorted(world.replica_sets(), key=lambda each: int(each["metadata"]["annotations"][REVISION]))
    return [each["spec"]["replicas"] for each in replica_sets]


async def counts_after(world: World, since: int) -> list[tuple[int, int]]:
    """At every change: the size of all ReplicaSets together, and how many pods were ready.

    Sizes, because a Deployment bounds them: a ReplicaSet may grow faster than another shrinks.
    """
    objects: dict[str, Object] = {}
    counts = []
    async for event in world.store.watch(None, 1):
        if event.resource in (REPLICA_SETS, PODS):
            objects.pop(event.object["metadata"]["uid"], None)
            if event.type != "DELETED":
                objects[event.object["metadata"]["uid"]] = event.object
            size = sum(obj["spec"]["replicas"] for obj in objects.values() if obj["kind"] == "ReplicaSet")
            ready = sum(is_ready(obj) and not is_terminating(obj) for obj in objects.values() if obj["kind"] == "Pod")
            if event.version > since:
                counts.append((size, ready))
        if event.version == world.store.version:
            break
    return counts


@pytest.mark.parametrize(
    ("strategy", "replicas", "fewest_ready", "largest"),
    [
        (SURGE_ONLY, 3, 3, 6),
        (UNAVAILABLE_ONLY, 3, 2, 3),
        (QUARTER, 5, 4, 7),
        (QUARTER, 1, 1, 2),
        (QUARTER, 10, 8, 13),
        (RECREATE, 3, 0, 3),
    ],
)
async def test_a_restart_keeps_to_its_bounds_at_every_change(
    strategy: Object, replicas: int, fewest_ready: int, largest: int
) -> None:
    async with deployed(replicas, strategy=strategy) as world:
        before = {pod["metadata"]["name"] for pod in world.pods()}
        since = world.store.version
        await world.restart()
        counts = await counts_after(world, since)
        assert min(ready for _, ready in counts) == fewest_ready
        assert max(size for size, _ in counts) == largest
        after = {pod["metadata"]["name"] for pod in world.pods()}
        assert len(after) == replicas
        assert not before & after
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_recreate_starts_nothing_before_the_last_old_pod_is_gone() -> None:
    async with deployed(2, strategy=RECREATE) as world:
        old = {pod["metadata"]["name"] for pod in world.pods()}
        world.node.behavior = lambda pod: SLOW_TO_STOP
        await world.restart()
        assert {pod["metadata"]["name"] for pod in world.pods()} == old
        assert all(map(is_terminating, world.pods()))
        world.node.behavior = lambda pod: READY
        world.node.look_again()
        await world.settle()
        assert len(world.pods()) == 2
        assert not old & {pod["metadata"]["name"] for pod in world.pods()}


async def test_a_stuck_rollout_stops_at_its_bounds_and_then_at_its_deadline() -> None:
    async with deployed(4, progressDeadlineSeconds=60) as world:
        world.node.behavior = lambda pod: NOT_READY
        await world.restart()
        live = [pod for pod in world.pods() if not is_terminating(pod)]
        assert Counter(map(is_ready, live)) == {True: 3, False: 2}
        assert world.condition("Progressing") == ("True", "ReplicaSetUpdated")
        await world.advance(30)
        assert world.condition("Progressing") == ("True", "ReplicaSetUpdated")
        await world.advance(31)
        assert world.condition("Progressing") == ("False", "ProgressDeadlineExceeded")
        assert world.condition("Available") == ("True", "MinimumReplicasAvailable")


async def test_each_pod_that_gets_ready_puts_the_deadline_off() -> None:
    async with deployed(2, progressDeadlineSeconds=60, behavior=NOT_READY) as world:
        await world.advance(50)
        world.node.set_ready(world.pods()[0], True)
        await world.settle()
        await world.advance(50)
        assert world.condition("Progressing") == ("True", "ReplicaSetUpdated")
        await world.advance(20)
        assert world.condition("Progressing") == ("False", "ProgressDeadlineExceeded")


async def test_a_failed_rollout_is_undone_by_the_old_template() -> None:
    async with deployed(3, progressDeadlineSeconds=60) as world:
        template = world.deployment()["spec"]["template"]
        survivors = {pod["metadata"]["name"] for pod in world.pods()}
        world.node.behavior = lambda pod: NOT_READY
        await world.restart()
        await world.advance(61)
        await world.change(functools.partial(dict.update, template=template))
        assert [pod["metadata"]["name"] in survivors for pod in world.pods()] == [True] * 3
        newest = world.notes()[-1]
        assert newest[REVISION] == "3"
        assert newest[REVISION_HISTORY] == "1"
        assert world.deployment()["metadata"]["annotations"][REVISION] == "3"
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_undoing_twice_lists_all_revisions_that_a_template_had() -> None:
    async with deployed(2) as world:
        first = world.deployment()["spec"]["template"]
        await world.restart()
        second = world.deployment()["spec"]["template"]
        for template in (first, second, first):
            await world.change(functools.partial(dict.update, template=template))
        assert [found[REVISION] for found in world.notes()] == ["4", "5"]
        assert [found[REVISION_HISTORY] for found in world.notes()] == ["2", "1,3"]
        assert len(world.pods()) == 2


async def test_scaling_is_no_rollout() -> None:
    async with deployed(3) as world:
        before = find_condition(world.deployment()["status"], "Progressing")
        await world.change(lambda spec: spec.update(replicas=5))
        assert len(world.pods()) == 5
        assert find_condition(world.deployment()["status"], "Progressing") == before
        assert world.deployment()["status"]["observedGeneration"] == 2
        assert world.notes() == [{REVISION: "1", DESIRED_REPLICAS: "5", MAX_REPLICAS: "7"}]
        await world.change(lambda spec: spec.update(replicas=0))
        assert world.pods() == []
        assert [message[message.index("from") :] for message in world.told()[-2:]] == ["from 3 to 5", "from 5 to 0"]


async def test_a_change_of_size_and_template_at_once_ends_in_both() -> None:
    async with deployed(5) as world:
        since = world.store.version
        changed = {"annotations": {"changed": "yes"}}
        await world.change(lambda spec: (spec.update(replicas=3), spec["template"]["metadata"].update(changed)))
        assert len(world.pods()) == 3
        assert all(pod["metadata"]["annotations"] == {"changed": "yes"} for pod in world.pods())
        assert min(ready for _, ready in await counts_after(world, since)) == 3
        assert world.deployment()["status"]["observedGeneration"] == 2


async def test_scaling_in_the_middle_of_a_rollout_is_shared_out() -> None:
    async with deployed(10) as world:
        world.node.behavior = lambda pod: NOT_READY
        await world.restart()
        assert sizes(world) == [8, 5]
        await world.change(lambda spec: spec.update(replicas=20))
        assert sum(sizes(world)) == 25
        assert sizes(world)[1] > 5
        world.node.behavior = lambda pod: READY
        while not all(map(is_ready, world.pods())):
            world.make_ready()
            await world.settle()
        assert sizes(world) == [0, 20]


async def test_scaling_a_stuck_rollout_takes_a_clusters_steps() -> None:
    async with deployed(4) as world:
        world.node.behavior = lambda pod: NOT_READY
        await world.restart()
        for replicas in (8, 2):
            await world.change(functools.partial(dict.update, replicas=replicas))
        assert [message.split(" ", 3)[2] + message[message.index(" from") :] for message in world.told()] == [
            "up from 0 to 4",
            "up from 0 to 1",
            "down from 4 to 3",
            "up from 1 to 2",
            "up from 3 to 6",
            "up from 2 to 4",
            "down from 6 to 2",
            "down from 4 to 1",
        ]


async def test_a_paused_deployment_scales_but_does_not_roll_out() -> None:
    async with deployed(2) as world:
        await world.change(lambda spec: spec.update(paused=True))
        assert world.condition("Progressing") == ("Unknown", "DeploymentPaused")
        await world.restart()
        await world.change(lambda spec: spec.update(replicas=3))
        assert sizes(world) == [3]
        await world.change(lambda spec: spec.pop("paused"))
        assert sizes(world) == [0, 3]
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")
