"""The demo on the hollow cluster with pods in the mesh, and where the counters of their Envoys are asked for."""

import asyncio
from collections.abc import Callable, Sequence

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.source import Reading, Source
from tests.fakes.hollow_cluster import HollowCluster

DEMO = "istio-grpc-demo"
SERVICE = f"grpc-server.{DEMO}.svc.cluster.local"


async def mesh_clients(cluster: HollowCluster, clients: int = 1) -> dict[str, str]:
    """Start the clients anew, with a sidecar. The addresses of the servers and the clients, by the pods' names."""
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})
    await scale(cluster, "grpc-client", 0)
    await scale(cluster, "grpc-client", clients)
    return addresses(cluster)


async def mesh_servers(cluster: HollowCluster, clients: int = 1) -> dict[str, str]:
    """Start the servers anew, with a sidecar, beside clients without one."""
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})
    await scale(cluster, "grpc-server", 0)
    await scale(cluster, "grpc-server", 3)
    await scale(cluster, "grpc-client", clients)
    return addresses(cluster)


async def scale(cluster: HollowCluster, name: str, replicas: int) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, name, replicas=replicas)
    await cluster.settle()


def addresses(cluster: HollowCluster) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in cluster.store.list(PODS, DEMO)}


def servers(pods: dict[str, str]) -> list[str]:
    return sorted(address for name, address in pods.items() if "server" in name)


def paths(pods: dict[str, str], kind: str = "client") -> list[str]:
    """Of the port-forward to each client."""
    return [f"/api/v1/namespaces/{DEMO}/pods/{name}/portforward" for name in sorted(pods) if kind in name]


def path(pods: dict[str, str]) -> str:
    (only,) = paths(pods)
    return only


def around(clients: Sequence[Object] = (), servers: Sequence[Object] = ()) -> Around:
    """All *servers* take calls."""
    return Around(clients, servers, {pod["status"]["podIP"]: pod["metadata"]["name"] for pod in servers})


async def read_until(
    condition: Callable[[Reading], bool], source: Source, servers: Sequence[Object], clients: Sequence[Object] = ()
) -> Reading:
    """The first reading that meets the *condition*."""
    while True:
        reading = await source.read(around(clients, servers))
        if condition(reading):
            return reading
        await asyncio.sleep(0.01)


def crowd(pod: Object, number: int) -> list[Object]:
    """So many pods alike."""
    return [
        {
            **pod,
            "metadata": {**pod["metadata"], "name": f"grpc-server-{at}", "uid": f"uid-{at}"},
            "status": {**pod["status"], "podIP": f"10.9.0.{at}"},
        }
        for at in range(number)
    ]


def pods_of(cluster: HollowCluster, kind: str) -> list[Object]:
    return [pod for pod in cluster.store.list(PODS, DEMO) if kind in pod["metadata"]["name"]]
