"""The scene that most observations need."""

import pytest

from grpcdemo.kube.client.api import Api
from tests.fakes.hollow_cluster import HollowCluster

from .scene import Scene


@pytest.fixture
async def scene(cluster: HollowCluster, cluster_api: Api) -> Scene:
    """Three servers, a, b and c, and one client, x."""
    scene = Scene(cluster, cluster_api)
    await scene.add("grpc-server", "a", "b", "c")
    await scene.add("grpc-client", "x")
    return scene
