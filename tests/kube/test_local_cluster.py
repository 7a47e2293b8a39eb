"""Which local cluster an API belongs to, however its context is called."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect
from grpcdemo.kube.local_cluster import find_local_cluster, require_local_cluster
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster
from tests.fakes.script import CONTEXT, Answer, Script, refuse, reply, serving, write_kubeconfig

NODES = "/api/v1/nodes"
NODE = {"metadata": {"name": "x-control-plane"}, "spec": {"providerID": "kind://docker/x/x-control-plane"}}


@asynccontextmanager
async def named(script: Script, folder: Path, entry: str) -> AsyncIterator[Api]:
    """The API of a context whose cluster's entry is called *entry*."""
    async with serving(script) as server:
        path = write_kubeconfig(folder / "config", server)
        content = yaml.safe_load(path.read_text())
        content["contexts"][0]["context"]["cluster"] = content["clusters"][0]["name"] = entry
        path.write_text(yaml.safe_dump(content))
        async with await connect(find_kubeconfig(str(path)), context=CONTEXT) as api:
            yield api


async def test_the_entry_tells_without_a_request(script: Script, tmp_path: Path) -> None:
    async with named(script, tmp_path, "kind-x") as api:
        assert await find_local_cluster(api) == LocalCluster(ClusterKind.KIND, "x")
    assert script.asked == []


async def test_where_the_entry_has_another_name_the_nodes_tell(script: Script, tmp_path: Path) -> None:
    script.on("GET", NODES, reply({"items": [{"metadata": {"name": "other"}}, NODE]}))
    async with named(script, tmp_path, "dev") as api:
        assert await require_local_cluster(api) == LocalCluster(ClusterKind.KIND, "x")


@pytest.mark.parametrize("answer", [reply({"items": []}), refuse(403, "forbidden")])
async def test_a_cluster_elsewhere_names_the_other_ways(script: Script, tmp_path: Path, answer: Answer) -> None:
    script.on("GET", NODES, answer)
    async with named(script, tmp_path, "kind") as api:
        assert await find_local_cluster(api) is None
        with pytest.raises(GrpcdemoError, match="is not a known kind of local cluster") as caught:
            await require_local_cluster(api)
    for way in ("images push PREFIX", "images save", "--containerd"):
        assert way in str(caught.value.hint)
