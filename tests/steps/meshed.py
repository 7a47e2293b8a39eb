"""The demo on the hollow cluster with its client in the mesh, and where the counters of its Envoy are asked for."""

from grpcdemo.resources.resource import DEPLOYMENTS, NAMESPACES, PODS
from tests.fakes.hollow_cluster import HollowCluster

DEMO = "istio-grpc-demo"
SERVICE = f"grpc-server.{DEMO}.svc.cluster.local"


async def mesh_clients(cluster: HollowCluster, clients: int = 1) -> dict[str, str]:
    """Start the clients anew, with a sidecar. The addresses of the servers and the clients, by the pods' names."""
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})
    await scale(cluster, "grpc-client", 0)
    await scale(cluster, "grpc-client", clients)
    return addresses(cluster)


async def scale(cluster: HollowCluster, name: str, replicas: int) -> None:
    cluster.set_spec(DEPLOYMENTS, DEMO, name, replicas=replicas)
    await cluster.settle()


def addresses(cluster: HollowCluster) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in cluster.store.list(PODS, DEMO)}


def servers(pods: dict[str, str]) -> list[str]:
    return sorted(address for name, address in pods.items() if "server" in name)


def paths(pods: dict[str, str]) -> list[str]:
    """Of the port-forward to each client."""
    return [f"/api/v1/namespaces/{DEMO}/pods/{name}/portforward" for name in sorted(pods) if "client" in name]


def path(pods: dict[str, str]) -> str:
    (only,) = paths(pods)
    return only
