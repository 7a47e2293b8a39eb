"""Linkerd's proxies of client pods as a source: whom it asks, and where."""

import pytest

from grpcdemo.diagnosis.traffic import Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.linkerd import LinkerdSource
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.linkerd import LinkerdProxy
from tests.steps.meshed import DEMO, around, pods_of

PROXY: Object = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}
NATIVE: Object = {"name": "linkerd-proxy", "restartPolicy": "Always"}


def beside_proxy(pod: Object, *, is_native: bool) -> Object:
    """The *pod* with Linkerd's proxy, as a native sidecar or an ordinary container."""
    added = {"initContainers": [NATIVE]} if is_native else {"containers": [*pod["spec"]["containers"], PROXY]}
    return {**pod, "spec": {**pod["spec"], **added}}


@pytest.mark.parametrize("is_native", [False, True])
async def test_who_is_asked(cluster: HollowCluster, demo_api: Api, is_native: bool) -> None:
    server, other, _ = pods_of(cluster, "server")
    (client,) = pods_of(cluster, "client")
    address = server["status"]["podIP"]
    proxy = LinkerdProxy(f"grpc-server.{DEMO}", {address: 3}, already=7)
    cluster.faults.on("GET", f"/api/v1/namespaces/{DEMO}/pods/{client['metadata']['name']}/portforward", proxy)
    source = LinkerdSource(demo_api, "grpc-server", DEMO, 50051, wait_s=60)
    reading = await source.read(around([beside_proxy(client, is_native=is_native), other], [server]))
    await source.close()
    assert reading.counters == {client["metadata"]["name"]: {address: Requests(10, 10)}}
    assert (reading.source, reading.all_pods, [*reading.uncounted]) == ("linkerd", 2, [other["metadata"]["name"]])
    assert proxy.asked == ["/metrics"]


async def test_nobody_runs_with_it(cluster: HollowCluster, demo_api: Api) -> None:
    source = LinkerdSource(demo_api, "grpc-server", DEMO, 50051, wait_s=60)
    assert (await source.read(around(pods_of(cluster, "client")))).nobody == "no client pod has Linkerd's proxy"
    assert (await source.read(around())).nobody == "no client pod is known"
