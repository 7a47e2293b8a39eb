"""What a poll of many sidecars costs."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.envoy import EnvoySource
from grpcdemo.steps.sources.polls import MOST_PODS
from grpcdemo.steps.up import UpConfig, up
from tests.bench.ratio import report
from tests.fakes.envoy import Envoy
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import connected_to
from tests.steps.meshed import DEMO, SERVICE, around, mesh_clients, paths, servers

pytestmark = pytest.mark.bench
POLLS = 20


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[tuple[Api, list[Object]]]:
    cluster = HollowCluster()
    async with cluster.serving() as server, connected_to(server, tmp_path) as api:
        await up(api, UpConfig(), lambda _: None)
        pods = await mesh_clients(cluster, MOST_PODS)
        for path in paths(pods):
            cluster.faults.on("GET", path, Envoy(SERVICE, dict.fromkeys(servers(pods), 1)))
        yield api, [pod for pod in cluster.store.list(PODS, DEMO) if "client" in pod["metadata"]["name"]]


async def polls_s(api: Api, pods: list[Object]) -> float:
    """Seconds of CPU for some polls of these pods, after the one that connects; the sidecars' own part included."""
    source = EnvoySource(api, "grpc-server", DEMO, 50051, wait_s=60)
    assert len((await source.read(around(pods))).told) == len(pods)
    began = time.process_time()
    for _ in range(POLLS):
        await source.read(around(pods))
    spent = time.process_time() - began
    await source.close()
    return spent


async def test_a_poll_of_many_sidecars_against_one_poll_of_each(clients: tuple[Api, list[Object]]) -> None:
    api, pods = clients
    ratio = await polls_s(api, pods) / (len(pods) * await polls_s(api, pods[:1]))
    report(f"a poll of {len(pods)} sidecars / {len(pods)} polls of one", ratio, 1.25)
