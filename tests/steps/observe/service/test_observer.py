"""`observe svc/NAME` from the clients' Envoys to the verdict: what it counts while pods come and go."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.model.observation import Observation
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.observe.blindness import BLIND_S
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.steps.observe.service import ServiceObserveConfig, observe_service
from grpcdemo.steps.sources.choice import NO_PROXY
from grpcdemo.steps.sources.source import Choice, SourceConfig
from grpcdemo.steps.subject import Subject
from grpcdemo.verdict import Outcome
from tests.fakes.envoy import Envoy, Metrics, ServerSidecar
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse
from tests.steps.meshed import DEMO, SERVICE, addresses, mesh_clients, mesh_servers, path, paths, scale, servers

AUTO = SourceConfig()
EVENLY = 10


def watching(
    api: Api, *, client: str | None = None, source: SourceConfig = AUTO, blind_s: float = BLIND_S, **ends: Any
) -> AsyncGenerator[Observation, None]:
    subject = Subject("svc/grpc-server", DEMO, client=client)
    config = ServiceObserveConfig(subject, Ends(**ends), source, every_s=0, blind_s=blind_s)
    observations: Any = observe_service(api, config)
    return observations  # type: ignore[no-any-return]  # an async generator, typed as its iterator


async def last(api: Api, **config: Any) -> Observation:
    async with aclosing(watching(api, **config)) as observations:
        return [observation async for observation in observations][-1]


def serve(cluster: HollowCluster, where: str, to: list[str], of: list[str]) -> Envoy:
    """An Envoy that sends requests *to* some *of* the servers."""
    envoy = Envoy(SERVICE, {address: EVENLY if address in to else 0 for address in of})
    cluster.faults.on("GET", where, envoy)
    return envoy


async def test_pinned(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    envoy = serve(cluster, path(pods), servers(pods)[:1], servers(pods))
    seen = await last(demo_api, expect=Outcome.PINNED)
    assert seen.verdict.outcome is Outcome.PINNED
    assert (seen.tally.responses, len(seen.servers), len(seen.clients)) == (40, 3, 1)
    assert seen.timeline.by_server() == seen.tally.by_server()
    assert seen.counted_by
    assert (seen.counted_by.pods, seen.counted_by.all_pods, envoy.forwards) == (1, 1, 1)
    assert cluster.faults.changes == []


async def test_requests_that_fail(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    first, *_ = servers(pods)
    envoy = Envoy(SERVICE, dict.fromkeys(servers(pods), EVENLY), failing={first: EVENLY})
    cluster.faults.on("GET", path(pods), envoy)
    seen = await last(demo_api, expect=Outcome.BALANCED)
    name = next(name for name, address in pods.items() if address == first)
    assert seen.verdict.outcome is Outcome.SKEWED
    assert seen.verdict.reason.startswith(f"{name} gave none of ")
    assert seen.tally.failed == {name: seen.tally.responses // 2}
    assert seen.tally.errors == {"failed": seen.tally.responses // 2}
    assert sum(part.errors for part in seen.timeline.slices) == seen.tally.responses // 2


async def test_each_client_is_counted(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster, clients=2)
    for where, server in zip(paths(pods), servers(pods), strict=False):
        serve(cluster, where, [server], servers(pods))
    seen = await last(demo_api, expect=Outcome.PINNED, client="deploy/grpc-client")
    assert seen.verdict.reason == "each of 2 clients got all its responses from one pod"
    assert sorted(len(answers) for answers in seen.tally.by_client.values()) == [1, 1]


async def test_it_ends_by_the_number_of_requests_and_by_time(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    serve(cluster, path(pods), servers(pods), servers(pods))
    assert (await last(demo_api, requests=50)).tally.responses == 60
    assert (await last(demo_api, seconds=0)).verdict.reason == "no request went to a server pod"


async def test_the_cure_while_it_runs(cluster: HollowCluster, demo_api: Api) -> None:
    """Before it, nobody counts, and that is said. The client's new pod has a sidecar: a new window, balanced."""
    await cluster.settle()
    async with aclosing(watching(demo_api, expect=Outcome.BALANCED)) as observations:
        before = await anext(observations)
        assert before.verdict.reason.startswith(f"{NO_PROXY}, and no server pod declares a ")
        assert before.verdict.reason.endswith(", so requests cannot be counted")
        assert f"`grpcdemo diagnose svc/grpc-server --namespace {DEMO}`" in str(before.hint)
        assert [one.message for one in before.blind] == ["it has no sidecar"]
        pods = await mesh_clients(cluster)
        serve(cluster, path(pods), servers(pods), servers(pods))
        after = [observation async for observation in observations][-1]
    assert (after.verdict.outcome, after.windows > before.windows) == (Outcome.BALANCED, True)
    assert [client.name for client in after.clients] == [name for name in pods if "client" in name]


async def test_the_servers_count_until_the_client_is_cured(cluster: HollowCluster, demo_api: Api) -> None:
    """The client has no sidecar: the load is seen. Then it gets one: another window, and the client is seen."""
    for where in paths(await mesh_servers(cluster), "server"):
        cluster.faults.on("GET", where, ServerSidecar({"unknown": 200}))
    async with aclosing(watching(demo_api)) as observations:
        async for before in observations:
            if before.verdict.reason.startswith("the load is even"):
                break
        assert before.counted_by
        assert (before.counted_by.source, before.callers) == ("istio", ["unknown"])
        pods = await mesh_clients(cluster)
        serve(cluster, path(pods), servers(pods), servers(pods))
        async for after in observations:
            if after.verdict.outcome is Outcome.BALANCED:
                break
    assert after.counted_by
    assert (after.counted_by.source, after.windows > before.windows) == ("envoy", True)
    assert after.callers == [name for name in pods if "client" in name]


async def test_callers_that_nobody_else_knows(cluster: HollowCluster, demo_api: Api) -> None:
    for where in paths(await mesh_servers(cluster, clients=0), "server"):
        cluster.faults.on("GET", where, ServerSidecar({"web": 200}))
    seen = await last(demo_api, requests=1)
    assert (seen.clients, seen.callers) == ((), ["web"])
    with pytest.raises(NotFound, match="so its clients are not known"):
        await last(demo_api, seconds=0, source=SourceConfig(Choice.ENVOY))


async def test_the_servers_themselves_count(cluster: HollowCluster, demo_api: Api) -> None:
    """Without a mesh, and whoever calls, also after a server has forgotten what it counted."""
    await scale(cluster, "grpc-client", 0)
    metrics = [Metrics({"OK": 200}) for _ in range(3)]
    for where, one in zip(paths(addresses(cluster), "server"), metrics, strict=True):
        cluster.faults.on("GET", where, one)
    metrics_port = MetricsPort("9090")
    for source in (Choice.AUTO, Choice.APP):
        seen = await last(demo_api, requests=3000, source=SourceConfig(source, metrics_port))
        assert (seen.verdict.outcome, seen.callers) == (Outcome.INCONCLUSIVE, ["unknown"])
        assert seen.verdict.reason.startswith("the load is even, 3 pods answered ")
        assert seen.verdict.reason.endswith("is not known: the applications' counters do not tell callers apart")
    async with aclosing(watching(demo_api, source=SourceConfig(Choice.APP, metrics_port))) as observations:
        await anext(observations)
        metrics[0].restart()
        async for seen in observations:
            if seen.verdict.reason.startswith("the load is even"):
                break
    assert seen.windows == 1
    for choice in (Choice.ENVOY, Choice.ISTIO):
        with pytest.raises(NotFound):
            await last(demo_api, seconds=0, source=SourceConfig(choice, metrics_port))


async def test_clients_that_go_meanwhile(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    serve(cluster, path(pods), servers(pods), servers(pods))
    async with aclosing(watching(demo_api)) as observations:
        await anext(observations)
        await scale(cluster, "grpc-client", 0)
        async for seen in observations:
            if not seen.clients:
                break
    assert seen.verdict.outcome is Outcome.INCONCLUSIVE
    assert seen.verdict.reason.startswith("no client pod is known, and no server pod declares a metrics port")


async def test_more_servers_begin_a_window(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    envoy = serve(cluster, path(pods), servers(pods), servers(pods))
    async with aclosing(watching(demo_api, expect=Outcome.SKEWED, least_s=3600)) as observations:
        async for seen in observations:
            if seen.verdict.outcome is Outcome.BALANCED:
                break
        await scale(cluster, "grpc-server", 4)
        (new,) = {*servers(addresses(cluster))} - {*servers(pods)}
        envoy.requests = {**envoy.requests, new: 0}
        async for seen in observations:
            if seen.verdict.outcome is Outcome.SKEWED:
                break
    assert (seen.windows > 1, len(seen.servers)) == (True, 4)
    assert "gave none of" in seen.verdict.reason


async def test_an_envoy_that_does_not_answer(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster, clients=2)
    first, second = paths(pods)
    serve(cluster, first, servers(pods), servers(pods))
    cluster.faults.on("GET", second, refuse(500, "no route to the node"))
    async with aclosing(watching(demo_api, blind_s=0)) as observations:
        async for seen in observations:
            if seen.verdict.reason.startswith("blind to grpc-client-"):
                break
    assert seen.verdict.outcome is Outcome.INCONCLUSIVE
    assert (seen.tally.blind_seconds > 0, seen.is_blind) == (True, True)


async def test_whoever_may_not_read_the_counters(cluster: HollowCluster, demo_api: Api) -> None:
    pods = await mesh_clients(cluster)
    cluster.faults.on("GET", path(pods), refuse(403))
    with pytest.raises(Forbidden, match="this user may not create pods/portforward") as caught:
        await last(demo_api)
    assert "kubectl auth can-i create pods --subresource=portforward" in str(caught.value.hint)


async def test_nobody_is_known_to_call(cluster: HollowCluster, demo_api: Api) -> None:
    await scale(cluster, "grpc-client", 0)
    with pytest.raises(NotFound, match=f"no pod names Service grpc-server in namespace {DEMO}") as caught:
        await last(demo_api)
    assert "--client" in str(caught.value.hint)
    assert not [pod for pod in cluster.store.list(PODS, DEMO) if "client" in pod["metadata"]["name"]]


@pytest.mark.parametrize("may_look", [True, False])
async def test_a_caller_in_another_namespace(cluster: HollowCluster, demo_api: Api, may_look: bool) -> None:
    pods = await mesh_clients(cluster)
    serve(cluster, path(pods), servers(pods), servers(pods))
    cluster.create_namespace("shop")
    container = {"name": "web", "image": "web", "args": [f"grpc-server.{DEMO}:50051"]}
    cluster.create(PODS, "shop", "web", spec={"containers": [container]})
    await cluster.settle()
    if not may_look:
        cluster.faults.on("GET", "/api/v1/pods", refuse(403, 'User "jane" cannot list resource "pods"'))
    seen = await last(demo_api, seconds=0)
    assert [client.name for client in seen.clients][1:] == (["web"] if may_look else [])


async def test_clients_of_the_same_name_are_told_apart(cluster: HollowCluster, demo_api: Api) -> None:
    await scale(cluster, "grpc-client", 0)
    container = {"name": "web", "image": "web", "args": [f"grpc-server.{DEMO}:50051"]}
    cluster.create_namespace("shop", labels={"istio-injection": "enabled"})
    cluster.create_namespace("staging", labels={"istio-injection": "enabled"})
    for namespace in ("shop", "staging"):
        cluster.create(PODS, namespace, "web-0", spec={"containers": [container]})
    await cluster.settle()
    pods = addresses(cluster)
    for namespace, server in zip(("shop", "staging"), servers(pods), strict=False):
        serve(cluster, f"/api/v1/namespaces/{namespace}/pods/web-0/portforward", [server], servers(pods))
    seen = await last(demo_api, expect=Outcome.PINNED)
    assert [client.name for client in seen.clients] == sorted(seen.tally.by_client) == ["shop/web-0", "staging/web-0"]
