"""The servers' own metrics as a source: where they are, what they count, and whom they leave out."""

import pytest

from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import POD_MONITORS
from grpcdemo.steps.sources.app import UNTOLD, AppSource
from grpcdemo.steps.sources.polls import MOST_PODS
from tests.fakes.envoy import Metrics
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse, reply
from tests.steps.meshed import DEMO, around, crowd, pods_of

AT = MetricsPort("9090")


@pytest.fixture
def servers(cluster: HollowCluster) -> list[Object]:
    return sorted(pods_of(cluster, "server"), key=lambda pod: str(pod["metadata"]["name"]))


def serve(cluster: HollowCluster, servers: list[Object], *metrics: Metrics) -> None:
    for pod, one in zip(servers, metrics, strict=True):
        cluster.faults.on("GET", path(pod), one)


def path(pod: Object) -> str:
    return f"/api/v1/namespaces/{DEMO}/pods/{pod['metadata']['name']}/portforward"


def address(pod: Object) -> str:
    return str(pod["status"]["podIP"])


def annotated(pod: Object, **annotations: str) -> Object:
    prefixed = {f"prometheus.io/{name}": value for name, value in annotations.items()}
    return {**pod, "metadata": {**pod["metadata"], "annotations": prefixed}}


async def test_what_each_server_counts(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    """Again and again, also where a server closes the connection after each answer."""
    metrics = [Metrics({"OK": 5, "UNAVAILABLE": 1}), Metrics({"OK": 1}, already=0), Metrics({"OK": 0})]
    serve(cluster, servers, *metrics)
    source = AppSource(demo_api, MetricsPort("9090", "/actuator/prometheus"), wait_s=60)
    await source.read(around([], servers))
    reading = await source.read(around([], servers))
    await source.close()
    counted = Requests(2012, 1010, 1002), Requests(2, 2), Requests(1000, 1000)
    assert reading.counters == {"unknown": dict(zip(map(address, servers), counted, strict=True))}
    assert (reading.source, len(reading.told), reading.all_pods, reading.are_pods) == ("app", 3, 3, False)
    assert (reading.failures, reading.uncounted, reading.untold) == ({}, {}, UNTOLD)
    assert metrics[0].asked == ["/actuator/prometheus"] * 2


async def test_where_the_pods_say(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    serve(cluster, servers, *(Metrics({"OK": 5}) for _ in servers))
    first, second, third = servers
    silent = annotated(second, port="9090", scheme="https")
    source = AppSource(demo_api, wait_s=60)
    reading = await source.read(around([], [annotated(first, port="9090"), silent, third]))
    await source.close()
    assert reading.counters == {"unknown": {address(first): Requests(1005, 1005)}}
    assert [*reading.uncounted] == [second["metadata"]["name"], third["metadata"]["name"]]
    assert reading.untold == "not all server pods can be read"


@pytest.mark.parametrize(
    ("wanted", "annotations", "why"),
    [
        (None, {}, "no server pod declares a metrics port (set --metrics-port)"),
        (None, {"port": "9090", "scheme": "https"}, "the server pods serve metrics over HTTPS only"),
        (MetricsPort("metrics"), {"port": "9090"}, "no server pod has a container port metrics"),
        (AT, {}, "the metrics of the server pods have no known counter of gRPC requests"),
    ],
)
async def test_why_nobody_counts(
    cluster: HollowCluster,
    demo_api: Api,
    servers: list[Object],
    wanted: MetricsPort | None,
    annotations: dict[str, str],
    why: str,
) -> None:
    serve(cluster, servers, *(Metrics({}) for _ in servers))
    source = AppSource(demo_api, wanted, wait_s=60)
    reading = await source.read(around([], [annotated(pod, **annotations) for pod in servers]))
    await source.close()
    assert reading.nobody.startswith(why)


async def test_where_a_monitor_says(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    """It is read once, and only for pods without an annotation."""
    serve(cluster, servers, *(Metrics({"OK": 5}) for _ in servers))
    endpoints = [{"portNumber": 9443, "scheme": "https"}, {"portNumber": 9090, "path": "/q/metrics"}]
    monitor = {"metadata": {"name": "m", "namespace": DEMO}, "spec": {"selector": {}, "podMetricsEndpoints": endpoints}}
    cluster.faults.on("GET", POD_MONITORS.path(), reply({"items": [monitor]}))
    source = AppSource(demo_api, wait_s=60)
    first = await source.read(around([], [annotated(pod, port="9090") for pod in servers]))
    assert POD_MONITORS.path() not in {asked.path for asked in cluster.faults.asked}
    readings = [await source.read(around([], servers)) for _ in range(2)]
    await source.close()
    assert [len(reading.told) for reading in (first, *readings)] == [3, 3, 3]
    assert [asked.path for asked in cluster.faults.asked].count(POD_MONITORS.path()) == 1


async def test_what_monitors_do_not_say(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    unselected = {"metadata": {"name": "m", "namespace": "monitoring"}, "spec": {"selector": {}}}
    nowhere = "no server pod declares a metrics port (set --metrics-port)"
    for answer, why in (
        (refuse(404), nowhere),
        (reply({"items": [unselected]}), f"{nowhere}, nor does a PodMonitor or ServiceMonitor"),
        (
            refuse(403),
            f"{nowhere}, and this user may not list podmonitors.monitoring.coreos.com in namespace {DEMO}",
        ),
    ):
        cluster.faults.on("GET", POD_MONITORS.path(), answer)
        cluster.faults.on("GET", POD_MONITORS.path(DEMO), answer)
        assert (await AppSource(demo_api).read(around([], servers))).nobody == why


async def test_a_pod_that_nobody_has_called(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    """Its library has no counter yet. A pod of another program may count otherwise, or not at all."""
    serve(cluster, servers, Metrics({"OK": 5}), Metrics({}), Metrics({}))
    called, idle, other = servers
    other = {**other, "metadata": {**other["metadata"], "ownerReferences": []}}
    source = AppSource(demo_api, AT, wait_s=60)
    reading = await source.read(around([], [called, idle, other]))
    await source.close()
    assert reading.counters == {"unknown": {address(called): Requests(1005, 1005), address(idle): Requests()}}
    assert [*reading.uncounted] == [other["metadata"]["name"]]


async def test_the_only_one_with_a_counter_is_silent(
    cluster: HollowCluster, demo_api: Api, servers: list[Object]
) -> None:
    """Later, or from the beginning: nobody knows yet that there is no counter."""
    serve(cluster, servers, Metrics({"OK": 5}), Metrics({}), Metrics({}))
    source = AppSource(demo_api, AT, wait_s=60)
    before = await source.read(around([], servers))
    cluster.faults.on("GET", path(servers[0]), refuse(500, "no route to the node"))
    after = await source.read(around([], servers))
    await source.close()
    assert (after.nobody, after.counters, len(after.told)) == ("", before.counters, 2)
    source = AppSource(demo_api, AT, wait_s=60)
    first = await source.read(around([], servers))
    await source.close()
    assert (first.nobody, first.counters, len(first.failures), len(first.uncounted)) == ("", {}, 1, 2)


async def test_nobody_answers(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    """Then no counter is known, not even of none."""
    serve(cluster, servers, *(Elsewhere({}) for _ in servers))
    source = AppSource(demo_api, AT, wait_s=60)
    reading = await source.read(around([], servers))
    await source.close()
    assert (len(reading.failures), reading.counters, reading.told) == (3, {}, [])


async def test_a_silent_server_keeps_its_number(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    serve(cluster, servers, *(Metrics({"OK": 5}) for _ in servers))
    source = AppSource(demo_api, AT, wait_s=60)
    before = await source.read(around([], servers))
    lost = servers[0]
    cluster.faults.on("GET", path(lost), refuse(500, "no route to the node"))
    after = await source.read(around([], servers))
    await source.close()
    assert [*after.failures] == [lost["metadata"]["name"]]
    assert after.counters["unknown"][address(lost)] == before.counters["unknown"][address(lost)]
    assert (len(after.told), after.untold) == (2, "not all server pods can be read")


class Elsewhere(Metrics):
    """What listens there, is no page of metrics."""

    def parts(self) -> list[bytes]:
        return [b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"]


class Binary(Metrics):
    def body(self) -> bytes:
        return b"\x00\x00\x04\x00\xff"


async def test_a_port_without_metrics(cluster: HollowCluster, demo_api: Api, servers: list[Object]) -> None:
    serve(cluster, servers, Elsewhere({}), Binary({}), Metrics({"OK": 5}))
    source = AppSource(demo_api, AT, wait_s=60)
    reading = await source.read(around([], servers))
    await source.close()
    names = [str(pod["metadata"]["name"]) for pod in servers]
    assert reading.failures == {
        names[0]: "port 9090 at /metrics: HTTP 404 Not Found",
        names[1]: f"port 9090 of pod {names[1]} is not a page of metrics",
    }


async def test_more_pods_than_are_asked(demo_api: Api, servers: list[Object]) -> None:
    source = AppSource(demo_api, AT, wait_s=60)
    reading = await source.read(around([], crowd(servers[0], MOST_PODS + 2)))
    await source.close()
    unasked = [name for name, why in reading.uncounted.items() if why == "only 30 of 32 pods are read"]
    assert unasked == ["grpc-server-30", "grpc-server-31"]
