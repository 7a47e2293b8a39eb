"""The scripted API, a whole cluster of the test's own, and what a step tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.kube.api import Api
from grpcdemo.model import StepEvent
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.script import connected
from tests.kube.conftest import _no_certificates, api, script

from .cluster import Cluster

__all__ = ["_no_certificates", "api", "script"]

NAMESPACE = "istio-grpc-demo"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def cluster_api(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Api]:
    async with connected(cluster, tmp_path) as found:
        yield found


@pytest.fixture
async def demo_api(cluster: Cluster, cluster_api: Api) -> Api:
    """The API of a cluster in which the demo is up, in a namespace of its own."""
    await up(cluster_api, UpConfig(), lambda _: None)
    cluster.store.asked.clear()
    return cluster_api


@pytest.fixture
def events() -> list[StepEvent]:
    return []
