"""The traffic of the demo as its client's Envoy has counted it, from the port-forward to the verdict."""

import asyncio
import re
import time
from dataclasses import replace

import pytest
from aiohttp import web

from grpcdemo.diagnosis.examination import Conclusion, Diagnosis
from grpcdemo.diagnosis.traffic import NotMeasured
from grpcdemo.kube.client.api import Api
from grpcdemo.model.observation import CountedBy
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, SERVICES
from grpcdemo.steps.diagnose import DiagnoseConfig, diagnose
from grpcdemo.steps.sources.choice import NO_PROXY
from grpcdemo.steps.sources.clients import STRANGE
from grpcdemo.steps.sources.source import Choice, SourceConfig
from grpcdemo.steps.subject import Subject
from grpcdemo.verdict import Outcome
from tests.fakes.envoy import Envoy, Metrics, ServerSidecar
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.linkerd import LinkerdProxy
from tests.fakes.log import FakeLog
from tests.fakes.script import refuse
from tests.fakes.tables import Tables

from .meshed import DEMO, SERVICE, addresses, mesh_clients, mesh_servers, path, paths, pods_of, servers

AUTO = SourceConfig()
NOT_FOUND = refuse(404)


class Breaking(Envoy):
    """Its first connection ends after two answers."""

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        await super().answer(websocket, data)
        if len(self.asked) == 2:
            await websocket.close()


@pytest.fixture
async def pods(cluster: HollowCluster, demo_api: Api) -> dict[str, str]:
    return await mesh_clients(cluster)


async def measured(api: Api, traffic_s: float = 10, source: SourceConfig = AUTO) -> Diagnosis:
    return await diagnose(
        api, DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=traffic_s, every_s=0, source=source)
    )


@pytest.mark.parametrize(
    ("choice", "overall"), [(Choice.AUTO, Conclusion.CLEAR), (Choice.ISTIO, Conclusion.OPEN)], ids=["auto", "istio"]
)
async def test_who_is_to_count_and_cannot_leaves_it_open(
    demo_api: Api, pods: dict[str, str], choice: Choice, overall: Conclusion
) -> None:
    diagnosis = await diagnose(
        demo_api, DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=1, every_s=0, source=SourceConfig(choice))
    )
    assert reason(diagnosis)
    assert (diagnosis.conclusion, diagnosis.overall) == (Conclusion.CLEAR, overall)


def reason(diagnosis: Diagnosis) -> str:
    assert isinstance(diagnosis.traffic, NotMeasured)
    return diagnosis.traffic.reason


async def test_pinned(cluster: HollowCluster, demo_api: Api, pods: dict[str, str]) -> None:
    first, *others = servers(pods)
    envoy = Envoy(SERVICE, {first: 12, **dict.fromkeys(others, 0)})
    cluster.faults.on("GET", path(pods), envoy)
    cluster.faults.asked.clear()
    diagnosis = await measured(demo_api)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.PINNED
    (answers,) = diagnosis.measured.by_client.values()
    assert answers == {next(name for name, address in pods.items() if address == first): 36}
    assert (diagnosis.conclusion, diagnosis.overall) == (Conclusion.CLEAR, Conclusion.CAUSED)
    assert (envoy.forwards, len(envoy.asked)) == (1, 4)
    assert cluster.faults.changes == []


async def test_balanced(cluster: HollowCluster, demo_api: Api, pods: dict[str, str]) -> None:
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, dict.fromkeys(servers(pods), 10)))
    diagnosis = await measured(demo_api)
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, diagnosis.measured.counted_by.pods) == (Outcome.BALANCED, 1)
    assert diagnosis.overall is Conclusion.CLEAR


async def test_pinned_beside_linkerds_proxy(cluster: HollowCluster, demo_api: Api) -> None:
    containers = [
        {"name": "web", "image": "web", "args": ["grpc-server:50051"]},
        {"name": "linkerd-proxy", "image": "l"},
    ]
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=0)
    cluster.create(PODS, DEMO, "web", spec={"containers": containers})
    await cluster.settle()
    first, *others = servers(addresses(cluster))
    proxy = LinkerdProxy(SERVICE, {first: 12, **dict.fromkeys(others, 0)})
    cluster.faults.on("GET", f"/api/v1/namespaces/{DEMO}/pods/web/portforward", proxy)
    diagnosis = await measured(demo_api)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.PINNED
    assert [sum(answers.values()) for answers in diagnosis.measured.by_client.values()] == [36]
    assert diagnosis.measured.counted_by == CountedBy("linkerd", 1, 1)


async def test_calls_past_linkerds_proxy_are_not_counted(cluster: HollowCluster, demo_api: Api) -> None:
    containers = [
        {"name": "web", "image": "web", "args": ["grpc-server:50051"]},
        {"name": "linkerd-proxy", "image": "l"},
    ]
    annotations = {"config.linkerd.io/skip-outbound-ports": "50051"}
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=0)
    cluster.create(PODS, DEMO, "web", metadata={"annotations": annotations}, spec={"containers": containers})
    await cluster.settle()
    config = DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=1, every_s=0, source=SourceConfig(Choice.LINKERD))
    assert reason(await diagnose(demo_api, config)) == "no client pod calls through Linkerd's proxy"


async def test_pinned_by_the_servers_logs(cluster: HollowCluster, demo_api: Api) -> None:
    """Without a mesh, and with no other right than to read them."""
    log, *others = logs = [FakeLog() for _ in pods_of(cluster, "server")]
    for pod, one in zip(pods_of(cluster, "server"), logs, strict=True):
        cluster.faults.on("GET", PODS.path(DEMO, pod["metadata"]["name"], "log"), one)
    (client,) = pods_of(cluster, "client")
    pattern = re.compile(r"done peer=(?P<client>\S+)")
    config = DiagnoseConfig(
        Subject("grpc-server", DEMO), traffic_s=60, every_s=0, source=SourceConfig(Choice.LOG, log_match=pattern)
    )
    measuring = asyncio.create_task(diagnose(demo_api, config))
    while not measuring.done():
        log.write(f"done peer={client['status']['podIP']}:40132".encode(), at_ns=time.time_ns() + 10**9)
        await asyncio.wait([measuring], timeout=0.01)
    diagnosis = measuring.result()
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.PINNED
    assert [*diagnosis.measured.by_client] == [client["metadata"]["name"]]
    assert diagnosis.measured.counted_by == CountedBy("log", 3, 3)
    assert all(one.asked for one in others)


async def test_no_traffic_is_inconclusive(cluster: HollowCluster, demo_api: Api, pods: dict[str, str]) -> None:
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, dict.fromkeys(servers(pods), 0)))
    diagnosis = await measured(demo_api, traffic_s=0)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.INCONCLUSIVE
    assert diagnosis.measured.verdict.reason == "no request went to a server pod"


async def test_a_port_forward_that_breaks_is_opened_again(
    cluster: HollowCluster, demo_api: Api, pods: dict[str, str]
) -> None:
    envoy = Breaking(SERVICE, dict.fromkeys(servers(pods), 10))
    cluster.faults.on("GET", path(pods), refuse(500, "the pod is not there yet"), envoy)
    diagnosis = await measured(demo_api, traffic_s=3)
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, envoy.forwards) == (Outcome.BALANCED, 2)


async def test_why_nothing_was_measured(cluster: HollowCluster, demo_api: Api, pods: dict[str, str]) -> None:
    assert (await diagnose(demo_api, DiagnoseConfig(Subject("grpc-server", DEMO)))).traffic is None
    cluster.faults.on("GET", path(pods), refuse(403))
    assert reason(await measured(demo_api)) == f"this user may not create pods/portforward in namespace {DEMO}"
    cluster.faults.on("GET", path(pods), NOT_FOUND)
    assert "HTTP 404" in reason(await measured(demo_api, traffic_s=0))
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-server", replicas=1)
    await cluster.settle()
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, dict.fromkeys(servers(pods), 1)))
    assert reason(await measured(demo_api)) == "fewer than two pods are ready"


async def test_a_client_without_a_sidecar_is_not_asked(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    assert reason(await measured(demo_api)).startswith(f"{NO_PROXY}, and no server pod ")
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=0)
    await cluster.settle()
    assert reason(await measured(demo_api)).startswith("no client pod is known, and no server pod ")


async def test_traffic_is_not_balanced_while_a_client_has_no_sidecar(
    cluster: HollowCluster, demo_api: Api, pods: dict[str, str]
) -> None:
    container = {"name": "web", "image": "web", "args": ["grpc-server:50051"]}
    labels = {"sidecar.istio.io/inject": "false"}
    cluster.create(PODS, DEMO, "web", metadata={"labels": labels}, spec={"containers": [container]})
    await cluster.settle()
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, dict.fromkeys(servers(pods), 999)))
    diagnosis = await diagnose(demo_api, DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=1, every_s=0.3))
    assert diagnosis.measured
    assert diagnosis.measured.verdict.reason == "blind to web: it has no sidecar"


async def test_requests_that_fail_are_no_balance(cluster: HollowCluster, demo_api: Api, pods: dict[str, str]) -> None:
    first, *_ = servers(pods)
    evenly = dict.fromkeys(servers(pods), 10)
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, evenly, failing=evenly))
    diagnosis = await measured(demo_api, traffic_s=0)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.INCONCLUSIVE
    assert len(diagnosis.measured.failures.by_server) == 3
    assert [finding.id for finding in diagnosis.findings] == ["requests-fail"]
    assert (diagnosis.conclusion, diagnosis.overall) == (Conclusion.CAUSED, Conclusion.CAUSED)
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, evenly, failing={first: 1}))
    assert (await measured(demo_api)).overall is Conclusion.CLEAR


async def test_the_servers_count_where_the_client_does_not(cluster: HollowCluster, demo_api: Api) -> None:
    """Which server pods get the requests of a client without a sidecar."""
    pods = await mesh_servers(cluster)
    for at, where in enumerate(paths(pods, "server")):
        cluster.faults.on("GET", where, ServerSidecar({"unknown": 0 if at else 20}))
    diagnosis = await measured(demo_api)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.SKEWED
    assert diagnosis.measured.verdict.reason.startswith("all ")
    assert diagnosis.measured.counted_by == CountedBy("istio", 3, 3, NO_PROXY)
    assert ([*diagnosis.measured.by_client], diagnosis.overall) == (["unknown"], Conclusion.CAUSED)
    config = DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=1, every_s=0, source=SourceConfig(Choice.ENVOY))
    assert reason(await diagnose(demo_api, config)) == "no client pod has Istio's sidecar"


async def test_the_servers_count_where_the_clients_sidecar_does_not_know_the_service(
    cluster: HollowCluster, demo_api: Api
) -> None:
    """As a Sidecar resource hides it: its sidecar passes through what it does not know, and counts it nowhere."""
    await mesh_servers(cluster)
    pods = await mesh_clients(cluster)
    cluster.faults.on("GET", path(pods), Envoy(f"other.{DEMO}.svc.cluster.local", {"10.0.0.9": 10}))
    for where in paths(pods, "server"):
        cluster.faults.on("GET", where, ServerSidecar({}, has_stats=False))
    assert reason(await measured(demo_api)) == f"{pods_of(cluster, 'client')[0]['metadata']['name']}: {STRANGE}"
    for at, where in enumerate(paths(pods, "server")):
        cluster.faults.on("GET", where, ServerSidecar({"unknown": 0 if at else 20}))
    diagnosis = await measured(demo_api)
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, diagnosis.measured.counted_by.why) == (Outcome.SKEWED, STRANGE)


async def test_a_sidecar_that_leaves_the_choice_to_kube_proxy_knows_no_pod(
    cluster: HollowCluster, demo_api: Api, pods: dict[str, str]
) -> None:
    """By `PASSTHROUGH` in a DestinationRule: the only host of its cluster is the Service's own address."""
    (address,) = cluster.store.get(SERVICES, DEMO, "grpc-server")["spec"]["clusterIPs"]
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, {address: 10}))
    assert reason(await measured(demo_api)).endswith(STRANGE)


async def test_a_sidecar_that_calls_go_past_is_not_asked(cluster: HollowCluster, demo_api: Api) -> None:
    """It would tell of no requests, and there are some."""
    template = cluster.store.get(DEPLOYMENTS, DEMO, "grpc-client")["spec"]["template"]
    template["metadata"]["annotations"] = {"traffic.sidecar.istio.io/excludeOutboundPorts": "50051"}
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", template=template)
    pods = await mesh_clients(cluster)
    cluster.faults.on("GET", path(pods), Envoy(SERVICE, dict.fromkeys(servers(pods), 0)))
    diagnosis = await measured(demo_api)
    assert diagnosis.findings[0].id == "calls-excluded-from-sidecar"
    assert reason(diagnosis).startswith("no client pod calls through Istio's sidecar, and no server pod ")


async def test_the_servers_count_themselves_where_there_is_no_mesh(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    for at, where in enumerate(paths(addresses(cluster), "server")):
        cluster.faults.on("GET", where, Metrics({"OK": 0 if at else 20}))
    for source, why in ((Choice.AUTO, NO_PROXY), (Choice.APP, "")):
        config = DiagnoseConfig(
            Subject("grpc-server", DEMO), traffic_s=10, every_s=0, source=SourceConfig(source, MetricsPort("9090"))
        )
        diagnosis = await diagnose(demo_api, config)
        assert diagnosis.measured
        assert diagnosis.measured.verdict.outcome is Outcome.SKEWED
        assert diagnosis.measured.counted_by == CountedBy("app", 3, 3, why)


async def test_an_even_load_is_no_balance(cluster: HollowCluster, demo_api: Api) -> None:
    for where in paths(await mesh_servers(cluster, clients=0), "server"):
        cluster.faults.on("GET", where, ServerSidecar({"unknown": 200}))
    diagnosis = await measured(demo_api, traffic_s=0)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.outcome is Outcome.INCONCLUSIVE
    assert diagnosis.measured.verdict.reason.startswith("the load is even, 3 pods answered ")
    assert diagnosis.measured.verdict.reason.endswith(": callers without a sidecar cannot be told apart")


async def test_servers_without_requests(cluster: HollowCluster, demo_api: Api) -> None:
    for where in paths(await mesh_servers(cluster), "server"):
        cluster.faults.on("GET", where, ServerSidecar({}))
    diagnosis = await measured(demo_api, traffic_s=0)
    assert diagnosis.measured
    assert diagnosis.measured.verdict.reason == "no request went to a server pod"


async def test_connections_tell_who_is_pinned_without_a_mesh(cluster: HollowCluster, demo_api: Api) -> None:
    """Alone; and where the servers' counters look even."""
    await cluster.settle()
    (client,), called = pods_of(cluster, "client"), pods_of(cluster, "server")
    connected(cluster, called, [client])
    for choice in (Choice.AUTO, Choice.CONNECTIONS):
        diagnosis = await measured(demo_api, source=SourceConfig(choice))
        assert diagnosis.measured
        assert (diagnosis.measured.verdict.outcome, diagnosis.measured.counted_by.source) == (
            Outcome.PINNED,
            "connections",
        )
    for pod in called:
        where = f"/api/v1/namespaces/{DEMO}/pods/{pod['metadata']['name']}/portforward"
        cluster.faults.on("GET", where, Metrics({"OK": 20}))
    diagnosis = await measured(demo_api, source=SourceConfig(Choice.APP, MetricsPort("9090")))
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, diagnosis.measured.counted_by.with_connections) == (
        Outcome.PINNED,
        True,
    )
    assert diagnosis.overall is Conclusion.CAUSED


async def test_connections_to_all_pods_tell_nothing(cluster: HollowCluster, demo_api: Api) -> None:
    """Nor is it known, then, that nothing pins."""
    await cluster.settle()
    (client,), called = pods_of(cluster, "client"), pods_of(cluster, "server")
    connected(cluster, called, [client] * 3)
    diagnosis = await measured(demo_api, traffic_s=0.1, source=SourceConfig(Choice.CONNECTIONS))
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, diagnosis.measured.is_missed) == (Outcome.INCONCLUSIVE, True)
    assert replace(diagnosis, findings=()).overall is Conclusion.OPEN


def connected(cluster: HollowCluster, servers: list[Object], clients: list[Object]) -> None:
    """One client to each of the first servers."""
    for at, pod in enumerate(servers):
        callers = [client["status"]["podIP"] for client in clients[at : at + 1]]
        where = f"/api/v1/namespaces/{DEMO}/pods/{pod['metadata']['name']}/exec"
        cluster.faults.on("GET", where, Tables(pod["status"]["podIP"], *callers))
