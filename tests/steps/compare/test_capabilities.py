"""What a target has that cures need, as it shows it before anything is deployed."""

import dataclasses

import pytest

from grpcdemo.cures import CURES, find_cure
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import MUTATING_WEBHOOKS
from grpcdemo.sandbox.proxy.sidecar import IMAGE
from grpcdemo.steps.compare import CompareConfig
from grpcdemo.steps.compare.capabilities import read_capabilities
from tests.fakes.hollow_cluster import HollowCluster
from tests.kube.conftest import api, script
from tests.steps.conftest import cluster, cluster_api

__all__ = ["api", "cluster", "cluster_api", "script"]


async def test_a_dry_run_shows_the_injectors_image(cluster_api: Api) -> None:
    capabilities = await read_capabilities(cluster_api, CompareConfig())
    assert capabilities.injection == {"istio-injection": "enabled", "istio.io/rev": None}
    assert capabilities.proxy_image == IMAGE
    assert capabilities.left_out(CURES) == {}


async def test_an_injector_may_not_know_the_agent(cluster: HollowCluster, cluster_api: Api) -> None:
    def forget_template(pod: Object) -> None:
        pod["metadata"].get("annotations", {}).pop("inject.istio.io/templates", None)

    cluster.policy = forget_template
    left_out = (await read_capabilities(cluster_api, CompareConfig())).left_out(CURES)
    assert left_out == {"proxyless": "the injector has no template for gRPC without a proxy"}


async def test_without_an_injector_an_image_may_be_named(cluster: HollowCluster, cluster_api: Api) -> None:
    cluster.store.remove(MUTATING_WEBHOOKS, "", "istio-sidecar-injector")
    bare = await read_capabilities(cluster_api, CompareConfig())
    assert bare.left_out(CURES) == {
        "sidecar": "there is no sidecar injector",
        "envoy": "no Envoy image is known here: set one with --envoy-image",
        "proxyless": "there is no sidecar injector",
    }
    named = await read_capabilities(cluster_api, CompareConfig(envoy_image="example.com/envoy:1"))
    assert "envoy" not in named.left_out(CURES)


@pytest.mark.parametrize("name", ["none", "headless"])
async def test_what_needs_nothing_asks_nothing(cluster: HollowCluster, cluster_api: Api, name: str) -> None:
    config = dataclasses.replace(CompareConfig(), cures=(find_cure(name),))
    assert (await read_capabilities(cluster_api, config)).left_out(config.cures) == {}
    assert not cluster.faults.asked
