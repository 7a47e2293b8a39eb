"""`status` and `istio status`: also what is missing."""

from grpcdemo.kube.client.api import Api
from grpcdemo.model.pods import Workload
from grpcdemo.resources.resource import DEPLOYMENTS
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.steps.status import read_status
from tests.fakes.hollow_cluster import HollowCluster

DEMO = "istio-grpc-demo"


async def test_both_deployments_are_told_of_whatever_became_of_them(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    assert (await read_status(demo_api, DEMO)).workloads == (
        Workload("grpc-server", 3, ready=3),
        Workload("grpc-client", 1, ready=1),
    )
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-server", replicas=0, paused=True)
    cluster.registry.delete(DEPLOYMENTS, DEMO, "grpc-client")
    await cluster.settle()
    half = (Workload("grpc-server", 0, paused=True), Workload("grpc-client", None))
    assert (await read_status(demo_api, DEMO)).workloads == half
    assert (await istio_status(demo_api, DEMO)).workloads == half


async def test_a_namespace_that_does_not_exist_has_no_deployments(cluster_api: Api) -> None:
    status = await read_status(cluster_api, "nowhere")
    assert status.workloads == (Workload("grpc-server", None), Workload("grpc-client", None))
