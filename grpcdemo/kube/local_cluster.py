"""Which of the clusters on this machine an API belongs to."""

from __future__ import annotations

from grpcdemo.errors import ApiError, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests.local_clusters import LocalCluster, by_name, by_node
from grpcdemo.resources.resource import NODES


async def find_local_cluster(api: Api) -> LocalCluster | None:
    """The local cluster of *api*; None if neither its entry in the kubeconfig nor its nodes tell that it is one."""
    if cluster := by_name(api.target.cluster):
        return cluster
    try:
        nodes = (await api.list(NODES))["items"]
    except ApiError:
        return None
    return next((cluster for node in nodes if (cluster := by_node(node))), None)


async def require_local_cluster(api: Api) -> LocalCluster:
    """As above. Raises GrpcdemoError with the other ways to give a cluster its images."""
    if cluster := await find_local_cluster(api):
        return cluster
    raise GrpcdemoError(
        f"{api.target} is not a known kind of local cluster, so images cannot be loaded into it",
        hint="push to a registry with `grpcdemo images push PREFIX`, or run `grpcdemo images save` and load the "
        "archives on each node, with `--containerd SOCKET` for containerd",
    )
