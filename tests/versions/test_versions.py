"""Kubernetes 1.18 to 1.21: the manifests have no field, and the commands make no request, that these do not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpcdemo.kube.demo.settings import Settings
from grpcdemo.manifests.render import ManifestValues, build_objects
from grpcdemo.steps.demo import Audience, DemoConfig, demo
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.steps.rehearsal import rehearse
from grpcdemo.steps.status import read_status
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Asked, connected_to

from .model import request_faults, value_faults

MINORS = [18, 19, 20, 21]
NAMESPACE = "istio-grpc-demo"


@pytest.mark.parametrize("minor", MINORS)
def test_every_field_of_the_manifests_exists(minor: int) -> None:
    manifests = build_objects(ManifestValues(kubernetes=(1, minor)))
    assert manifests
    for manifest in manifests:
        assert list(value_faults(minor, f"V1{manifest['kind']}", manifest)) == []


@pytest.mark.parametrize("minor", MINORS)
async def test_every_request_of_the_commands_exists(minor: int, tmp_path: Path) -> None:
    cluster = HollowCluster(version=f"v1.{minor}.0")
    async with cluster.serving() as server:
        async with connected_to(server, tmp_path, dry_run=True) as api:
            await rehearse(api, DemoConfig(up=UpConfig()), lambda _: None)
        async with connected_to(server, tmp_path) as api:
            await up(api, UpConfig(wanted=Settings(servers=1)), lambda _: None)
            await read_status(api, NAMESPACE)
            await istio_status(api, NAMESPACE)
            await demo(api, DemoConfig(up=UpConfig()), lambda _: None, Audience())
    asked = cluster.faults.asked
    assert {"GET", "POST", "PATCH", "DELETE"} == {one.method for one in asked}
    assert {fault for one in asked for fault in request_faults(minor, one)} == set()


@pytest.mark.parametrize(
    ("minor", "asked", "unknown"),
    [
        (20, Asked("GET", "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices", {}, None), "GET /apis/discovery"),
        (18, Asked("POST", "/api/v1/namespaces/n/pods", {"fieldValidation": "Strict"}, None), "fieldValidation"),
        (18, Asked("POST", "/api/v1/namespaces/n/pods", {}, {"spec": {}}), "V1Pod.spec lacks containers"),
        (
            18,
            Asked("PATCH", "/api/v1/namespaces/n", {}, {"metadata": {"labels": {"a": None, "b": 1}}}),
            "V1Namespace.metadata.labels.b is no str: 1",
        ),
        (18, Asked("PATCH", "/api/v1/namespaces/n", {}, {"spec": {"containers": []}}), "has no field containers"),
    ],
)
def test_what_a_version_does_not_know_is_found(minor: int, asked: Asked, unknown: str) -> None:
    (fault,) = request_faults(minor, asked)
    assert unknown in fault
