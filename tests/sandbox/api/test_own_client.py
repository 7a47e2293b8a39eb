"""The tool's own client on the API, as it is on a cluster."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.errors import Conflict, NotFound, Rejected
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import apply
from grpcdemo.kube.streams.watch import Mirror, Query
from grpcdemo.resources.resource import DEPLOYMENTS, PODS
from tests.fakes.authority import server_context
from tests.fakes.script import connected_to

from . import samples
from .harness import running


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with running(server_context()) as sandbox, connected_to(sandbox.client.url, tmp_path) as api:
        yield api


async def test_verbs_and_errors(api: Api) -> None:
    assert await api.version() == (1, 36)
    made = await api.create(PODS, samples.pod(), namespace="demo")
    with pytest.raises(Conflict):
        await api.create(PODS, samples.pod(), namespace="demo")
    with pytest.raises(Rejected):
        await api.create(PODS, samples.pod("Foo_"), namespace="demo")
    with pytest.raises(Conflict):
        await api.delete(PODS, "one", uid="other", namespace="demo")
    await api.delete(PODS, "one", uid=made["metadata"]["uid"], namespace="demo")
    with pytest.raises(NotFound):
        await api.get(PODS, "one", namespace="demo")


async def test_apply_twice(api: Api) -> None:
    wanted = samples.deployment()
    wanted["metadata"].update(namespace="demo", labels={"app.kubernetes.io/managed-by": "grpcdemo"})
    assert await apply(api, wanted) == "created"
    assert await apply(api, wanted) == "unchanged"
    wanted["spec"]["replicas"] = 2
    assert await apply(api, wanted) == "changed"


async def test_a_mirror_follows(api: Api) -> None:
    await api.create(PODS, samples.pod("one"), namespace="demo")
    queries = {"pods": Query(PODS, "demo"), "deployments": Query(DEPLOYMENTS, selector="a=b")}
    async with Mirror(api, queries) as mirror:
        assert [found["metadata"]["name"] for found in mirror["pods"]] == ["one"]
        await mirror.changed(0)
        await api.create(PODS, samples.pod("two"), namespace="demo")
        assert await mirror.changed(10)
        assert [found["metadata"]["name"] for found in mirror["pods"]] == ["one", "two"]
        await api.create(DEPLOYMENTS, samples.deployment(), namespace="demo")
        await api.patch(DEPLOYMENTS, "web", {"metadata": {"labels": {"a": "b"}}}, namespace="demo")
        assert await mirror.changed(10)
        assert [found["metadata"]["name"] for found in mirror["deployments"]] == ["web"]
