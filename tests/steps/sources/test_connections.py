"""The servers' connections as a source: whose they are, which server pods cannot tell theirs, and why."""

import pytest

from grpcdemo.diagnosis.fan_out import OUTSIDE
from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.connections import BEHIND, NO_PROGRAM, OF_THE_NODE, ConnectionsSource
from grpcdemo.steps.sources.source import Reading
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse, reply
from tests.fakes.tables import PORT, Tables, no_program
from tests.steps.meshed import DEMO, around, mesh_servers, pods_of

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def sorted_pods(cluster: HollowCluster, kind: str) -> list[Object]:
    return sorted(pods_of(cluster, kind), key=name)


def name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def ip(pod: Object) -> str:
    return str(pod["status"]["podIP"])


def path(pod: Object) -> str:
    return f"/api/v1/namespaces/{DEMO}/pods/{name(pod)}/exec"


def serve(cluster: HollowCluster, *callers: list[str], **more: object) -> list[Tables]:
    """So many callers of each server."""
    tables = []
    for pod, own in zip(sorted_pods(cluster, "server"), callers, strict=True):
        tables.append(Tables(ip(pod), *own, **more))  # type: ignore[arg-type]
        cluster.faults.on("GET", path(pod), tables[-1])
    return tables


def pods_around(cluster: HollowCluster) -> Around:
    found = around(sorted_pods(cluster, "client"), sorted_pods(cluster, "server"))
    return Around(found.clients, found.servers, found.addresses, {PORT})


async def read(api: Api, found: Around) -> Reading:
    source = ConnectionsSource(api, wait_s=60)
    try:
        return await source.read(found)
    finally:
        await source.close()


def seen(reading: Reading) -> dict[str, list[str]]:
    """The servers of each client's connections."""
    assert reading.connections
    return {who: sorted(one.server for one in own) for who, own in reading.connections.by_client.items()}


async def test_who_is_connected_to_which_server(cluster: HollowCluster, demo_api: Api) -> None:
    (client,) = sorted_pods(cluster, "client")
    tables = serve(cluster, [ip(client), ip(client)], ["10.9.9.9"], [])
    first, second, _ = map(name, sorted_pods(cluster, "server"))
    reading = await read(demo_api, pods_around(cluster))
    assert seen(reading) == {name(client): [first, first], OUTSIDE: [second]}
    assert (reading.source, len(reading.told), reading.all_pods, reading.counters) == ("connections", 3, 3, {})
    assert (reading.failures, reading.uncounted, reading.connections and reading.connections.unseen) == ({}, {}, "")
    assert [one.asked for one in tables] == [["grpc-server"]] * 3


async def test_only_connections_to_the_port_at_the_pods_own_address_count(
    cluster: HollowCluster, demo_api: Api
) -> None:
    """Others are to another port, or of another pod with the same network."""
    (client,) = sorted_pods(cluster, "client")
    other_port, other_ip, _ = serve(cluster, [ip(client)], [ip(client)], [])
    other_port.port, other_ip.ip = PORT + 1, "10.9.9.9"
    assert seen(await read(demo_api, pods_around(cluster))) == {}


async def test_another_container_of_the_pod_has_the_program(cluster: HollowCluster, demo_api: Api) -> None:
    found = pods_around(cluster)
    server, *_ = found.servers
    helper = {"name": "a-helper", "image": "x"}
    server["spec"]["containers"] = [helper, *server["spec"]["containers"]]
    without, with_program = Tables(ip(server), status=no_program()), Tables(ip(server), ip(found.clients[0]))
    serve(cluster, [], [], [])
    cluster.faults.on("GET", path(server), without, with_program)
    source = ConnectionsSource(demo_api, wait_s=60)
    for _ in range(2):
        assert seen(await source.read(found)) == {name(found.clients[0]): [name(server)]}
    await source.close()
    assert (without.asked, with_program.asked) == (["grpc-server"], ["a-helper"] * 2)


async def test_an_image_without_programs(cluster: HollowCluster, demo_api: Api) -> None:
    """It is asked once."""
    tables = serve(cluster, [], [], [], status=no_program())
    source = ConnectionsSource(demo_api, wait_s=60)
    for _ in range(2):
        reading = await source.read(pods_around(cluster))
        assert reading.nobody == f"the server pods' connections cannot be read: {NO_PROGRAM}"
    await source.close()
    assert [len(one.asked) for one in tables] == [1, 1, 1]


async def test_servers_that_cannot_tell_for_different_reasons(cluster: HollowCluster, demo_api: Api) -> None:
    tables = serve(cluster, [], [], [], status=no_program())
    tables[1].status = {"status": "Failure", "reason": "NonZeroExitCode", "message": "exit status 1"}
    reading = await read(demo_api, pods_around(cluster))
    assert (reading.nobody, [why == NO_PROGRAM for why in reading.failures.values()].count(True)) == ("", 2)


async def test_one_server_that_cannot_tell(cluster: HollowCluster, demo_api: Api) -> None:
    tables = serve(cluster, [], [], [])
    failing = {"status": "Failure", "reason": "NonZeroExitCode", "message": "exit status 1"}
    for status, why in ((no_program(), NO_PROGRAM), (failing, "fails: exit status 1")):
        tables[1].status = status
        reading = await read(demo_api, pods_around(cluster))
        ((who, said),) = reading.failures.items()
        assert (who, why in said) == (name(sorted_pods(cluster, "server")[1]), True)
        assert reading.connections
        assert reading.connections.unseen


async def test_servers_behind_a_proxy_see_only_that(cluster: HollowCluster, demo_api: Api) -> None:
    servers = sorted_pods(cluster, "server")
    await mesh_servers(cluster)
    meshed = sorted_pods(cluster, "server")
    (client,) = sorted_pods(cluster, "client")
    serve(cluster, [], [], [])
    reading = await read(demo_api, pods_around(cluster))
    assert reading.nobody == "the server pods' proxies accept the connections of the callers"
    both = Around([client], [meshed[0], servers[1]], {ip(meshed[0]): name(meshed[0]), ip(servers[1]): name(servers[1])})
    cluster.faults.on("GET", path(servers[1]), Tables(ip(servers[1])))
    reading = await read(demo_api, both)
    assert (reading.uncounted, len(reading.told)) == ({name(meshed[0]): BEHIND}, 1)


async def test_clients_that_cannot_be_told_apart(cluster: HollowCluster, demo_api: Api) -> None:
    found = pods_around(cluster)
    (client,) = found.clients
    client["spec"]["hostNetwork"] = True
    serve(cluster, [ip(client)], [], [])
    reading = await read(demo_api, found)
    assert (seen(reading), reading.uncounted) == (
        {OUTSIDE: [name(found.servers[0])]},
        {name(client): OF_THE_NODE},
    )
    assert (await read(demo_api, around([], found.servers))).nobody == "no client pod is known"


@pytest.mark.parametrize("missing", ["get", "create"])
async def test_the_right_that_is_missing(cluster: HollowCluster, demo_api: Api, missing: str) -> None:
    for pod in cluster.store.list(PODS, DEMO):
        cluster.faults.on("GET", path(pod), refuse(403))
    answers = [reply({"status": {"allowed": verb != missing}}, 201) for verb in ("get", "create")]
    cluster.faults.on("POST", REVIEWS, *(answer for answer in answers for _ in range(3)))
    with pytest.raises(Unreadable, match=f"{missing} pods/exec in namespace {DEMO}"):
        await read(demo_api, pods_around(cluster))


async def test_what_refuses_is_not_a_right(cluster: HollowCluster, demo_api: Api) -> None:
    for pod in cluster.store.list(PODS, DEMO):
        cluster.faults.on("GET", path(pod), refuse(403))
    reading = await read(demo_api, pods_around(cluster))
    assert {why.partition(",")[0] for why in reading.failures.values()} == {"commands in the pod are rejected"}
