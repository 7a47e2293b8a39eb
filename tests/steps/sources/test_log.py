"""The servers' logs as a source: which lines count, who is told apart, and what cannot be read."""

import re
import time
from collections.abc import Sequence

import pytest

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.errors import Unauthorized
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import SECOND_NS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.log import UNTOLD, LogSource
from grpcdemo.steps.sources.polls import MOST_PODS
from grpcdemo.steps.sources.source import Reading
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.log import FakeLog
from tests.fakes.script import refuse
from tests.steps.meshed import DEMO, around, crowd, pods_of, read_until

ANY = re.compile("handled")
BY_PEER = re.compile(r'handled .*peer="?(?P<client>[^" ]+)')


@pytest.fixture
def servers(cluster: HollowCluster) -> list[Object]:
    return sorted(pods_of(cluster, "server"), key=lambda pod: str(pod["metadata"]["name"]))


@pytest.fixture
def logs(cluster: HollowCluster, servers: list[Object]) -> list[FakeLog]:
    """Each has a line from before."""
    logs = [FakeLog() for _ in servers]
    for pod, log in zip(servers, logs, strict=True):
        cluster.faults.on("GET", PODS.path(DEMO, pod["metadata"]["name"], "log"), log)
        log.write(b"handled long ago", at_ns=time.time_ns() - 60 * SECOND_NS)
    return logs


def write(log: FakeLog, *texts: str) -> None:
    log.write(*(text.encode() for text in texts), at_ns=time.time_ns() + SECOND_NS)


async def counted(source: LogSource, requests: int, servers: list[Object], clients: Sequence[Object] = ()) -> Reading:
    """What it reads once it has counted so many."""

    def is_enough(reading: Reading) -> bool:
        return sum(one.begun for counters in reading.counters.values() for one in counters.values()) >= requests

    return await read_until(is_enough, source, servers, clients)


def address(pod: Object) -> str:
    return str(pod["status"]["podIP"])


async def opened(source: LogSource, logs: list[FakeLog], servers: list[Object]) -> None:
    await source.read(around([], servers))
    for log in logs:
        await log.until_asked_or_read()


async def test_a_line_that_matches_is_a_request(demo_api: Api, servers: list[Object], logs: list[FakeLog]) -> None:
    source = LogSource(demo_api, ANY)
    await opened(source, logs, servers)
    write(logs[0], "handled", "not this one", "handled")
    write(logs[2], "handled")
    reading = await counted(source, 3, servers)
    await source.close()
    counts = dict(zip(map(address, servers), [Requests(2, 2), Requests(), Requests(1, 1)], strict=True))
    assert reading.counters == {"unknown": counts}
    assert (reading.source, len(reading.told), reading.all_pods, reading.are_pods) == ("log", 3, 3, False)
    assert (reading.failures, reading.uncounted, reading.untold) == ({}, {}, UNTOLD)


async def test_lines_that_do_not_match_are_told(demo_api: Api, servers: list[Object], logs: list[FakeLog]) -> None:
    source = LogSource(demo_api, ANY)
    await opened(source, logs, servers)
    assert (await source.read(around([], servers))).idle == ""
    write(logs[0], "call", "call")
    reading = await read_until(lambda reading: bool(reading.idle), source, servers)
    write(logs[0], "handled")
    after = await counted(source, 1, servers)
    await source.close()
    assert (reading.idle, after.idle) == ("none of 2 lines in the logs matches", "")


@pytest.mark.parametrize("peer", ["{}", "{}:40132", "ipv4:{}:40132", '"{}:40132"'])
async def test_callers_are_told_apart_by_their_address(
    cluster: HollowCluster, demo_api: Api, servers: list[Object], logs: list[FakeLog], peer: str
) -> None:
    (client,) = pods_of(cluster, "client")
    source = LogSource(demo_api, BY_PEER)
    await opened(source, logs, servers)
    write(logs[1], f"handled x peer={peer.format(address(client))}")
    reading = await counted(source, 1, servers, [client])
    assert reading.counters[client["metadata"]["name"]][address(servers[1])] == Requests(1, 1)
    assert (reading.are_pods, reading.untold) == (True, "")
    write(logs[1], "handled x peer=192.0.2.7:1")
    reading = await counted(source, 2, servers, [client])
    await source.close()
    assert (reading.are_pods, reading.untold) == (False, "192.0.2.7 is not the address of a client pod that is known")


async def test_pods_that_share_the_address_of_their_node_are_not_told_apart(
    cluster: HollowCluster, demo_api: Api, servers: list[Object], logs: list[FakeLog]
) -> None:
    (client,) = pods_of(cluster, "client")
    client = {**client, "spec": {**client["spec"], "hostNetwork": True}}
    source = LogSource(demo_api, BY_PEER)
    await opened(source, logs, servers)
    write(logs[1], f"handled x peer={address(client)}")
    reading = await counted(source, 1, servers, [client])
    await source.close()
    assert not reading.are_pods
    assert reading.untold == f"{address(client)} is not the address of a client pod that is known"


async def test_an_ipv6_caller(demo_api: Api, servers: list[Object], logs: list[FakeLog]) -> None:
    source = LogSource(demo_api, BY_PEER)
    await opened(source, logs, servers)
    write(logs[0], "handled peer=ipv6:%5Bfd00::7%5D:40132", "handled peer=[fd00::7]:40132", "handled peer=fd00::7")
    reading = await counted(source, 3, servers)
    await source.close()
    assert [*reading.counters] == ["fd00::7"]


async def test_a_log_that_cannot_be_read(
    cluster: HollowCluster, demo_api: Api, servers: list[Object], logs: list[FakeLog]
) -> None:
    name = servers[0]["metadata"]["name"]
    cluster.faults.on("GET", PODS.path(DEMO, name, "log"), refuse(500, "dial tcp: refused"))
    source = LogSource(demo_api, ANY)
    reading = await read_until(lambda reading: bool(reading.failures), source, servers)
    await source.close()
    assert "dial tcp: refused" in reading.failures[name]
    assert reading.untold == "not all server pods can be read"


async def test_credentials_that_have_expired_end_it(
    cluster: HollowCluster, demo_api: Api, servers: list[Object], logs: list[FakeLog]
) -> None:
    cluster.faults.on("GET", PODS.path(DEMO, servers[0]["metadata"]["name"], "log"), refuse(401, "Unauthorized"))
    source = LogSource(demo_api, ANY)
    with pytest.raises(Unauthorized):
        await read_until(lambda _: False, source, servers)
    await source.close()


async def test_who_may_not_read_logs(
    cluster: HollowCluster, demo_api: Api, servers: list[Object], logs: list[FakeLog]
) -> None:
    for pod in servers:
        cluster.faults.on(
            "GET",
            PODS.path(DEMO, pod["metadata"]["name"], "log"),
            refuse(403, 'User "jane" cannot get resource "pods/log"'),
        )
    source = LogSource(demo_api, ANY)
    with pytest.raises(Unreadable, match="get pods/log"):
        await read_until(lambda _: False, source, servers)
    await source.close()


async def test_more_pods_than_are_asked(demo_api: Api, servers: list[Object], logs: list[FakeLog]) -> None:
    source = LogSource(demo_api, ANY)
    reading = await source.read(around([], crowd(servers[0], MOST_PODS + 2)))
    await source.close()
    assert reading.uncounted == dict.fromkeys(["grpc-server-30", "grpc-server-31"], "only 30 of 32 pods are read")
