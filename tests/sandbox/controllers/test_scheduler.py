"""Scheduling, and the condition of an unschedulable pod."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, NODES, PODS
from grpcdemo.sandbox.controllers.scheduler import Scheduler

from .world import NAMESPACE, World, running_only

HERE = {"kubernetes.io/os": "linux"}


def requires(*terms: Object) -> Object:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": required}}


def expression(operator: str) -> Object:
    return {"matchExpressions": [{"key": "disk", "operator": operator}]}


def create_node(world: World) -> None:
    world.store.create(NODES, {"metadata": {"name": "node", "labels": HERE}})


def create_pod(world: World, **spec: object) -> None:
    world.store.create(PODS, {"metadata": {"name": "one", "namespace": NAMESPACE}, "spec": {**spec}})


@asynccontextmanager
async def scheduled(**spec: object) -> AsyncIterator[World]:
    """A world in which the scheduler has seen the node, and then this pod."""
    world = World()
    create_node(world)
    async with running_only(world, Scheduler(world.registry, world.clock)):
        create_pod(world, **spec)
        await world.settle()
        yield world


def pod(world: World) -> Object:
    return world.store.get(PODS, NAMESPACE, "one")


@pytest.mark.parametrize(
    "spec", [{}, {"nodeSelector": HERE}, requires(expression("Exists"), expression("DoesNotExist"))]
)
async def test_a_pod_that_fits_gets_the_node(spec: Object) -> None:
    async with scheduled(**spec) as world:
        assert pod(world)["spec"]["nodeName"] == "node"
        assert pod(world)["metadata"]["generation"] == 1
        (event,) = world.store.list(EVENTS)
        assert (event["reason"], event["source"]) == ("Scheduled", {"component": "default-scheduler"})
        assert event["message"] == "Successfully assigned demo/one to node"


@pytest.mark.parametrize("spec", [{"nodeSelector": {"disk": "ssd"}}, requires(expression("Exists"))])
async def test_an_unschedulable_pod(spec: Object) -> None:
    async with scheduled(**spec) as world:
        message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        (said,) = pod(world)["status"]["conditions"]
        assert (said["type"], said["status"]) == ("PodScheduled", "False")
        assert (said["reason"], said["message"]) == ("Unschedulable", message)
        assert "nodeName" not in pod(world)["spec"]
        (event,) = world.store.list(EVENTS)
        assert (event["type"], event["reason"], event["message"]) == ("Warning", "FailedScheduling", message)


async def test_a_pending_pod_gets_a_new_node() -> None:
    world = World()
    create_pod(world)
    async with running_only(world, Scheduler(world.registry, world.clock)):
        assert "nodeName" not in pod(world)["spec"]
        create_node(world)
        await world.settle()
        assert pod(world)["spec"]["nodeName"] == "node"


async def test_a_pod_whose_author_chose_a_node_is_left_alone() -> None:
    async with scheduled(nodeName="elsewhere") as world:
        assert pod(world)["spec"]["nodeName"] == "elsewhere"
