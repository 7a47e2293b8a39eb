"""Deployments: their pods, status, size and history."""

from grpcdemo.resources.resource import DEPLOYMENTS, REPLICA_SETS
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.controllers.conditions import find_condition
from grpcdemo.sandbox.controllers.revision import DESIRED_REPLICAS, MAX_REPLICAS, REVISION
from tests.fakes.hollow_node import NOT_READY
from tests.sandbox.controllers.world import World, deployed, running


async def test_a_new_deployment_gets_its_pods_and_a_status() -> None:
    async with deployed(3) as world:
        assert len(world.pods()) == 3
        status = {key: value for key, value in world.deployment()["status"].items() if key != "conditions"}
        assert status == {
            "observedGeneration": 1,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "terminatingReplicas": 0,
        }
        assert world.condition("Available") == ("True", "MinimumReplicasAvailable")
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")
        assert world.notes() == [{REVISION: "1", DESIRED_REPLICAS: "3", MAX_REPLICAS: "4"}]
        assert world.deployment()["metadata"]["annotations"][REVISION] == "1"
        (name,) = world.names(REPLICA_SETS)
        assert world.told() == [f"ScalingReplicaSet: Scaled up replica set {name} from 0 to 3"]


async def test_a_deployment_progresses_until_its_pods_are_ready() -> None:
    async with deployed(3, behavior=NOT_READY) as world:
        assert world.condition("Available") == ("False", "MinimumReplicasUnavailable")
        assert world.condition("Progressing") == ("True", "ReplicaSetUpdated")
        assert world.deployment()["status"]["unavailableReplicas"] == 3
        world.make_ready()
        await world.settle()
        assert "unavailableReplicas" not in world.deployment()["status"]
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_the_revision_history_limit() -> None:
    async with deployed(1, revisionHistoryLimit=2) as world:
        for at in "abcd":
            await world.restart(at)
        assert [found[REVISION] for found in world.notes()] == ["3", "4", "5"]


async def test_a_replica_failure_is_in_the_status_until_it_ends() -> None:
    world = World()
    world.refuse_pods(StatusError("InternalError", "Internal error occurred: no webhook"))
    world.deploy(2)
    async with running(world):
        failure = find_condition(world.deployment()["status"], "ReplicaFailure")
        assert failure is not None
        assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
        assert failure["message"] == "Internal error occurred: no webhook"
        world.accept_pods()
        await world.advance(1)
        assert len(world.pods()) == 2
        assert world.condition("ReplicaFailure") is None
        assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_min_ready_seconds() -> None:
    async with deployed(2, minReadySeconds=10) as world:
        assert world.deployment()["status"]["readyReplicas"] == 2
        assert "availableReplicas" not in world.deployment()["status"]
        await world.advance(9)
        assert "availableReplicas" not in world.deployment()["status"]
        await world.advance(1)
        assert world.deployment()["status"]["availableReplicas"] == 2


async def test_an_idle_manager_writes_nothing_and_has_no_timer() -> None:
    async with deployed(3) as world:
        await world.restart()
        version = world.store.version
        await world.advance(3600)
        assert world.store.version == version
        assert [timer for timer in world.clock.timers if not timer.cancelled] == []


async def test_a_restarted_manager_changes_nothing() -> None:
    async with deployed(3) as world:
        version = world.store.version
    async with running(world):
        assert world.store.version == version


async def test_a_replica_set_copies_the_change_cause() -> None:
    world = World()
    deployment = world.deploy(1)
    cause, applied = "kubernetes.io/change-cause", "kubectl.kubernetes.io/last-applied-configuration"
    deployment["metadata"]["annotations"] = {cause: "a better image", applied: "{}"}
    world.store.update(DEPLOYMENTS, deployment)
    async with running(world):
        assert world.notes()[0][cause] == "a better image"
        assert applied not in world.notes()[0]
