"""The Envoys of client pods as a source: whom it asks, and whom it cannot."""

from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.sources.around import pod_names
from grpcdemo.steps.sources.envoy import EnvoySource
from tests.fakes.envoy import Envoy
from tests.fakes.hollow_cluster import HollowCluster
from tests.steps.meshed import DEMO, SERVICE, around, mesh_clients, path, scale, servers


async def test_who_is_asked(cluster: HollowCluster, demo_api: Api) -> None:
    unmeshed = [pod for pod in cluster.store.list(PODS, DEMO) if "server" in pod["metadata"]["name"]]
    pods = await mesh_clients(cluster)
    envoy = Envoy(SERVICE, dict.fromkeys(servers(pods), 1), already=7)
    cluster.faults.on("GET", path(pods), envoy)
    (client,) = [pod for pod in cluster.store.list(PODS, DEMO) if "client" in pod["metadata"]["name"]]
    pending = {**client, "status": {"phase": "Pending"}}
    source = EnvoySource(demo_api, "grpc-server", DEMO, 50051, wait_s=60)
    reading = await source.read(around([client, *unmeshed]))
    assert reading.counters == {client["metadata"]["name"]: dict.fromkeys(servers(pods), Requests(8, 8))}
    assert sorted(reading.uncounted) == sorted(pod["metadata"]["name"] for pod in unmeshed)
    idle = await source.read(around([pending]))
    assert (idle.told, idle.uncounted, idle.nobody) == ([], {}, "no client pod has Istio's sidecar")
    assert (await source.read(around())).nobody == "no client pod is known"
    await source.read(around([client]))
    assert envoy.forwards == 2, "a pod that is not asked any more, costs no connection"
    await source.close()


async def test_a_pod_that_has_gone_is_no_failure(cluster: HollowCluster, demo_api: Api) -> None:
    await mesh_clients(cluster)
    (client,) = [pod for pod in cluster.store.list(PODS, DEMO) if "client" in pod["metadata"]["name"]]
    source = EnvoySource(demo_api, "grpc-server", DEMO, 50051, wait_s=60)
    assert list((await source.read(around([client]))).failures) == [client["metadata"]["name"]]
    await scale(cluster, "grpc-client", 0)
    assert (await source.read(around([client]))).failures == {}


def test_pods_of_the_same_name_are_told_apart() -> None:
    places = ("shop", "web-0"), ("staging", "web-0"), ("shop", "web-1")
    pods = [{"metadata": {"namespace": where, "name": name, "uid": str(at)}} for at, (where, name) in enumerate(places)]
    assert [*pod_names(pods).values()] == ["shop/web-0", "staging/web-0", "web-1"]
