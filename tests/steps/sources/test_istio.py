"""The sidecars of servers as a source: who calls, and when a caller is one pod."""

from dataclasses import replace

import pytest

from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.istio import IstioSource
from grpcdemo.steps.sources.polls import MOST_PODS
from grpcdemo.steps.sources.source import Reading
from tests.fakes.envoy import ServerSidecar
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse
from tests.steps.meshed import DEMO, addresses, around, crowd, mesh_clients, mesh_servers, paths, pods_of

CLIENT = "grpc-client"


@pytest.fixture
async def servers(cluster: HollowCluster, demo_api: Api) -> list[Object]:
    await mesh_servers(cluster)
    return pods_of(cluster, "server")


def serve(cluster: HollowCluster, *sidecars: ServerSidecar) -> None:
    for path, sidecar in zip(paths(addresses(cluster), "server"), sidecars, strict=False):
        cluster.faults.on("GET", path, sidecar)


async def twice(api: Api, servers: list[Object], clients: list[Object]) -> Reading:
    """Who has called from one reading to the next."""
    source = IstioSource(api, "grpc-server", DEMO, wait_s=60)
    await source.read(around(clients, servers))
    reading = await source.read(around(clients, servers))
    await source.close()
    return reading


async def test_who_calls(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    serve(cluster, ServerSidecar({"unknown": 9, "web": 1}), ServerSidecar({"unknown": 0}), ServerSidecar({}))
    reading = await twice(demo_api, servers, [])
    first, second, third = (pod["status"]["podIP"] for pod in servers)
    assert reading.counters == {
        "unknown": {first: Requests(1018, 1018), second: Requests(1000, 1000), third: Requests()},
        "web": {first: Requests(1002, 1002), second: Requests(), third: Requests()},
    }
    assert (len(reading.told), reading.all_pods, reading.untold) == (
        3,
        3,
        "callers without a sidecar cannot be told apart",
    )


async def test_a_caller_with_one_pod_is_that_pod(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    """Those who called before do not matter."""
    await mesh_clients(cluster)
    (client,) = pods_of(cluster, "client")
    serve(cluster, *(ServerSidecar({CLIENT: 5, "unknown": 0}) for _ in servers))
    reading = await twice(demo_api, servers, [client])
    assert (client["metadata"]["name"] in reading.counters, reading.untold) == (True, "")
    other = {**client, "metadata": {**client["metadata"], "name": "other", "uid": "other"}}
    for clients in ([], [client, other]):
        assert (await twice(demo_api, servers, clients)).untold == f"the pods of {CLIENT} are not told apart"


async def test_a_silent_server_keeps_its_number(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    serve(cluster, *(ServerSidecar({"unknown": 5}) for _ in servers))
    source = IstioSource(demo_api, "grpc-server", DEMO, wait_s=60)
    before = await source.read(around([], servers))
    lost = servers[0]["metadata"]["name"]
    cluster.faults.on("GET", paths(addresses(cluster), "server")[0], refuse(500, "no route to the node"))
    await source.close()
    after = await source.read(around([], servers))
    assert [*after.failures] == [lost]
    assert after.untold == "not all server pods can be read"
    address = servers[0]["status"]["podIP"]
    assert after.counters["unknown"][address] == before.counters["unknown"][address]
    assert after.counters["unknown"].keys() == before.counters["unknown"].keys()


async def test_servers_that_count_nothing(cluster: HollowCluster, demo_api: Api) -> None:
    source = IstioSource(demo_api, "grpc-server", DEMO, wait_s=60)
    assert (await source.read(around([], pods_of(cluster, "server")))).nobody == ("no server pod has Istio's sidecar")
    await mesh_servers(cluster)
    serve(cluster, *(ServerSidecar({}, has_stats=False) for _ in range(3)))
    reading = await source.read(around([], pods_of(cluster, "server")))
    assert reading.nobody == "the servers' sidecars have no Istio metrics"
    await source.close()


async def test_a_server_that_is_not_counted_is_told(cluster: HollowCluster, demo_api: Api) -> None:
    """It has no sidecar, or has come after the others were read."""
    (unmeshed, *_) = pods_of(cluster, "server")
    await mesh_servers(cluster)
    servers = pods_of(cluster, "server")
    serve(cluster, *(ServerSidecar({"unknown": 5}) for _ in servers))
    source = IstioSource(demo_api, "grpc-server", DEMO, wait_s=60)
    everybody = around([], [*servers, unmeshed])
    for known in ([*servers, unmeshed], servers):
        reading = await source.read(replace(everybody, servers=known))
        assert [*reading.uncounted] == [unmeshed["metadata"]["name"]]
        assert reading.untold == "not all server pods can be read"
    await source.close()


async def test_more_pods_than_are_asked(demo_api: Api, servers: list[Object]) -> None:
    source = IstioSource(demo_api, "grpc-server", DEMO, wait_s=60)
    reading = await source.read(around([], crowd(servers[0], MOST_PODS + 2)))
    await source.close()
    unasked = [name for name, why in reading.uncounted.items() if why == "only 30 of 32 pods are read"]
    assert unasked == ["grpc-server-30", "grpc-server-31"]
