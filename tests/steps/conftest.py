"""A hollow cluster, and what a step reports."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import Patience
from grpcdemo.sandbox.api.store import Store
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import connected_to
from tests.kube.conftest import api, script

from .events import Events

__all__ = ["api", "script"]

AT_ONCE = Patience(back_off_s=0, lost_retry_s=0, starting_s=0)


@pytest.fixture
def cluster() -> HollowCluster:
    return HollowCluster()


@pytest.fixture
async def cluster_api(cluster: HollowCluster, tmp_path: Path) -> AsyncIterator[Api]:
    async with cluster.serving() as server, connected_to(server, tmp_path, patience=AT_ONCE) as connected:
        yield connected


@pytest.fixture(scope="session")
def demo_backup(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What a cluster holds in which the demo is up, in a namespace of its own."""

    async def bring_up() -> Store:
        cluster = HollowCluster()
        async with cluster.serving() as server, connected_to(server, tmp_path_factory.mktemp("up")) as connected:
            await up(connected, UpConfig(), lambda _: None)
            await cluster.settle()
        return cluster.store

    return asyncio.run(bring_up())


@pytest.fixture
def demo_api(cluster: HollowCluster, cluster_api: Api, demo_backup: Store) -> Api:
    """The API of a cluster in which the demo is up."""
    cluster.store.restore(demo_backup)
    return cluster_api


@pytest.fixture
async def dry_api(cluster_api: Api, tmp_path: Path) -> AsyncIterator[Api]:
    """The same API, for a dry run."""
    async with connected_to(cluster_api.target.server, tmp_path, dry_run=True) as connected:
        yield connected


@pytest.fixture
def events() -> Events:
    return Events()
