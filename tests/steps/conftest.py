"""A hollow cluster, and what a step reports."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import Patience
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


@pytest.fixture
async def demo_api(cluster: HollowCluster, cluster_api: Api) -> Api:
    """The API of a cluster in which the demo is up, in a namespace of its own."""
    await up(cluster_api, UpConfig(), lambda _: None)
    cluster.faults.asked.clear()
    return cluster_api


@pytest.fixture
async def dry_api(cluster_api: Api, tmp_path: Path) -> AsyncIterator[Api]:
    """The same API, for a dry run."""
    async with connected_to(cluster_api.target.server, tmp_path, dry_run=True) as connected:
        yield connected


@pytest.fixture
def events() -> Events:
    return Events()
