"""The probes as a source: which of their lines make a reading, who is told apart, and what cannot be read."""

import time
from itertools import count

import pytest

from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import SECOND_NS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.probe import SILENT, WITHOUT, ProbeSource
from grpcdemo.steps.sources.source import Reading
from grpcdemo.workload.probe import format_counts
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.log import FakeLog
from tests.steps.meshed import DEMO, around, pods_of, read_until

STRANGER = "192.0.2.7"


@pytest.fixture
def servers(cluster: HollowCluster, demo_api: Api) -> list[Object]:
    return sorted(pods_of(cluster, "server"), key=lambda pod: str(pod["metadata"]["name"]))


@pytest.fixture
def client(cluster: HollowCluster, demo_api: Api) -> Object:
    (client,) = pods_of(cluster, "client")
    return client


@pytest.fixture
def logs(cluster: HollowCluster, servers: list[Object]) -> list[FakeLog]:
    logs = [FakeLog() for _ in servers]
    for pod, log in zip(servers, logs, strict=True):
        cluster.faults.on("GET", PODS.path(DEMO, pod["metadata"]["name"], "log"), log)
    return logs


@pytest.fixture
def source(demo_api: Api, servers: list[Object]) -> ProbeSource:
    return ProbeSource(demo_api, {pod["metadata"]["uid"]: "probe" for pod in servers})


def address(pod: Object) -> str:
    return str(pod["status"]["podIP"])


NUMBERS = count()


def tell(log: FakeLog, moment: float, **segments: int) -> None:
    named = {caller.replace("_", "."): number for caller, number in segments.items()}
    line = format_counts(moment, len(named), {caller.removeprefix("ip"): number for caller, number in named.items()})
    log.write(line.encode(), at_ns=time.time_ns() + next(NUMBERS) * SECOND_NS)


def by(pod: Object, number: int) -> dict[str, int]:
    return {f"ip{address(pod)}".replace(".", "_"): number}


def is_told(reading: Reading) -> bool:
    return bool(reading.told)


async def test_a_reading_is_what_all_probes_tell_of_one_moment(
    source: ProbeSource, servers: list[Object], client: Object, logs: list[FakeLog]
) -> None:
    for log in logs:
        tell(log, 1, **by(client, 0))
    tell(logs[0], 1.5, **by(client, 7))
    reading = await read_until(is_told, source, servers, [client])
    assert reading.counters == {client["metadata"]["name"]: dict.fromkeys(map(address, servers), Requests())}
    tell(logs[1], 1.5, **by(client, 0))
    tell(logs[2], 1.5, **by(client, 2))
    tell(logs[2], 2, **by(client, 9))
    expected = dict(zip(map(address, servers), [Requests(7, 7), Requests(), Requests(2, 2)], strict=True))

    def is_next(reading: Reading) -> bool:
        return reading.counters != {client["metadata"]["name"]: dict.fromkeys(expected, Requests())}

    reading = await read_until(is_next, source, servers, [client])
    await source.close()
    assert reading.counters == {client["metadata"]["name"]: expected}
    assert (reading.source, len(reading.told), reading.all_pods, reading.are_pods) == ("probe", 3, 3, True)
    assert (reading.failures, reading.uncounted, reading.untold) == ({}, {}, "")
    assert reading.counted_by.is_approximate


async def test_each_moment_makes_a_reading_of_its_own(
    source: ProbeSource, servers: list[Object], client: Object, logs: list[FakeLog]
) -> None:
    """Else nobody could tell from counters whether a client stays on a pod."""
    for log in logs:
        for moment in range(1, 6):
            tell(log, moment, **by(client, moment))
    totals: list[int] = []

    def is_last(reading: Reading) -> bool:
        totals.extend(sum(one.begun for one in counters.values()) for counters in reading.counters.values())
        return 15 in totals

    await read_until(is_last, source, servers, [client])
    await source.close()
    assert totals == [3, 6, 9, 12, 15]


async def test_before_all_have_told_they_are_awaited(
    source: ProbeSource, servers: list[Object], logs: list[FakeLog]
) -> None:
    for log in logs[1:]:
        tell(log, 1)
    readings: list[Reading] = []

    def is_told_by_the_last(reading: Reading) -> bool:
        readings.append(reading)
        if len(readings) == 20:
            tell(logs[0], 1)
        return is_told(reading)

    last = await read_until(is_told_by_the_last, source, servers)
    await source.close()
    assert (readings[0].is_awaited, {*readings[0].failures.values()}) == (True, {SILENT})
    assert (len(last.told), last.is_awaited) == (3, False)


async def test_who_only_called_before_is_no_caller(
    source: ProbeSource, servers: list[Object], client: Object, logs: list[FakeLog]
) -> None:
    for log in logs:
        tell(log, 1, **by(client, 0), ip192_0_2_7=5)
    reading = await read_until(is_told, source, servers, [client])
    assert (reading.untold, [*reading.counters]) == ("", [client["metadata"]["name"]])
    for log in logs:
        tell(log, 2, **by(client, 0), ip192_0_2_7=6)
    reading = await read_until(lambda reading: bool(reading.untold), source, servers, [client])
    await source.close()
    assert reading.untold == f"{STRANGER} is not the address of a client pod that is known"
    assert not reading.are_pods


async def test_a_pod_that_came_later_has_no_probe(
    demo_api: Api, servers: list[Object], client: Object, logs: list[FakeLog]
) -> None:
    source = ProbeSource(demo_api, {pod["metadata"]["uid"]: "probe" for pod in servers[1:]})
    for log in logs[1:]:
        tell(log, 1, **by(client, 3))
    reading = await read_until(is_told, source, servers, [client])
    await source.close()
    assert reading.uncounted == {servers[0]["metadata"]["name"]: WITHOUT}
    assert reading.untold == "not all server pods can be read"


async def test_nothing_is_left_to_read(demo_api: Api, servers: list[Object]) -> None:
    reading = await ProbeSource(demo_api, {"gone": "probe"}).read(around([], servers))
    assert reading.nobody == "no server pod has a probe anymore"
