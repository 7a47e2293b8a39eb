"""One demo at a time in a namespace."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.errors import DemoRunning, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import NAME, Lease, LeaseTiming
from grpcdemo.model.progress import StepEvent, Warned
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import LEASES
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Answer, connected_to, refuse

DEMO = "istio-grpc-demo"
PATH = LEASES.path(DEMO, NAME)
ALIVE = LeaseTiming(renew_s=0.01, look_s=0.1, looks=100)
DEAD = LeaseTiming(renew_s=3600, look_s=0.001, looks=3)
"""Its holder never renews, and others soon take it for abandoned."""
FORBIDDEN = refuse(403, 'leases.coordination.k8s.io is forbidden: User "jane" cannot create resource "leases"')


@pytest.fixture
def cluster() -> HollowCluster:
    return HollowCluster()


@pytest.fixture
async def cluster_api(cluster: HollowCluster, tmp_path: Path) -> AsyncIterator[Api]:
    async with cluster.serving() as server, connected_to(server, tmp_path) as api:
        cluster.create_namespace(DEMO)
        yield api


def ignore(_: StepEvent) -> None:
    pass


def lease_of(cluster: HollowCluster) -> Object:
    return cluster.store.get(LEASES, DEMO, NAME)


async def test_a_lease_that_is_renewed_is_held(cluster_api: Api) -> None:
    async with Lease(cluster_api, DEMO, ALIVE) as first:
        await first.acquire(ignore)
        with pytest.raises(DemoRunning, match=r"\S+@\S+ is running a demo in namespace istio-grpc-demo"):
            await Lease(cluster_api, DEMO, ALIVE).acquire(ignore)
        first.check()


async def test_its_holder_may_ask_again(cluster_api: Api) -> None:
    async with Lease(cluster_api, DEMO, ALIVE) as lease:
        await lease.acquire(ignore)
        await lease.require_free(ignore)


async def test_one_that_is_not_renewed_is_abandoned(cluster: HollowCluster, cluster_api: Api) -> None:
    dead = Lease(cluster_api, DEMO, DEAD)
    await dead.acquire(ignore)
    async with Lease(cluster_api, DEMO, DEAD) as second:
        await second.acquire(ignore)
        await second.confirm()
        with pytest.raises(DemoRunning, match="has started another demo"):
            await dead.confirm()
        await dead.__aexit__()
        assert lease_of(cluster)
    assert cluster.names(LEASES, DEMO) == []


async def test_only_one_of_several_gets_it(cluster_api: Api) -> None:
    leases = [Lease(cluster_api, DEMO, ALIVE) for _ in range(3)]
    outcomes = await asyncio.gather(*(lease.acquire(ignore) for lease in leases), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [DemoRunning, DemoRunning]
    for lease in leases:
        await lease.__aexit__()


async def test_its_deletion_is_a_loss(cluster: HollowCluster, cluster_api: Api) -> None:
    async with Lease(cluster_api, DEMO, DEAD) as lease:
        await lease.acquire(ignore)
        cluster.store.remove(LEASES, DEMO, NAME)
        lease.check()  # nobody has looked
        with pytest.raises(GrpcdemoError, match="somebody has deleted the demo"):
            await lease.confirm()


async def test_the_deletion_of_its_namespace_is_a_loss(cluster: HollowCluster, cluster_api: Api) -> None:
    """The Lease is still there."""
    async with Lease(cluster_api, DEMO, DEAD) as lease:
        await lease.acquire(ignore)
        cluster.delete_namespace(DEMO)
        with pytest.raises(GrpcdemoError, match="somebody has deleted the demo"):
            await lease.confirm()


async def test_a_loss_is_noticed_meanwhile(cluster: HollowCluster, cluster_api: Api) -> None:
    async with Lease(cluster_api, DEMO, ALIVE) as lease:
        await lease.acquire(ignore)
        cluster.store.remove(LEASES, DEMO, NAME)
        with pytest.raises(GrpcdemoError, match="somebody has deleted the demo"):
            while True:
                lease.check()
                await asyncio.sleep(0.001)


async def test_a_renewal_whose_answer_was_lost_is_no_loss(cluster: HollowCluster, cluster_api: Api) -> None:
    async with Lease(cluster_api, DEMO, DEAD) as lease:
        await lease.acquire(ignore)
        cluster.set_metadata(LEASES, DEMO, NAME, annotations={"x": "y"})
        await lease.confirm()
        await lease.confirm()


@pytest.mark.parametrize("answer", [FORBIDDEN, refuse(404), refuse(422)])
async def test_an_api_that_cannot_tell_is_no_loss(cluster: HollowCluster, cluster_api: Api, answer: Answer) -> None:
    async with Lease(cluster_api, DEMO, DEAD) as lease:
        await lease.acquire(ignore)
        cluster.faults.on("PATCH", PATH, answer)
        cluster.faults.on("GET", PATH, refuse(403))
        await lease.confirm()


async def test_without_the_right_to_use_leases_nothing_is_blocked(cluster: HollowCluster, cluster_api: Api) -> None:
    cluster.faults.on("GET", PATH, FORBIDDEN)
    cluster.faults.on("POST", LEASES.path(DEMO), FORBIDDEN)
    events: list[StepEvent] = []
    async with Lease(cluster_api, DEMO, DEAD) as lease:
        await lease.acquire(events.append)
        await lease.confirm()
    assert [type(event) for event in events] == [Warned]
    assert "could not check whether another demo runs here" in events[0].text


async def test_an_abandoned_one_is_removed_and_no_other(cluster: HollowCluster, cluster_api: Api) -> None:
    dead, other = Lease(cluster_api, DEMO, DEAD), Lease(cluster_api, DEMO, DEAD)
    await dead.acquire(ignore)
    await dead.remove_abandoned(lease_of(cluster))
    assert cluster.names(LEASES, DEMO) == [NAME]
    await other.remove_abandoned(await other.require_free(ignore))
    assert cluster.names(LEASES, DEMO) == []
