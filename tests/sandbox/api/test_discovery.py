"""Discovery, health and version."""

import aiohttp
import pytest

from grpcdemo.resources.resource import ENDPOINTS
from grpcdemo.sandbox.api.served import SERVED, STORED, verbs_of
from grpcdemo.sandbox.api.server import build_app, serving
from grpcdemo.sandbox.api.tables import COLUMNS
from tests.fakes.script import TOKEN

from .harness import Client, FakeNode, build_registry


async def test_health_and_version(client: Client) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert (await client.get(path)).body == "ok"
    version = (await client.get("/version")).body
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "36", "v1.36.0+sandbox")


async def test_every_kind_is_found(client: Client) -> None:
    groups = (await client.get("/apis")).body["groups"]
    versions = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]
    found = {}
    for path in versions:
        body = (await client.get(path)).body
        found.update({(body["groupVersion"], each["name"]): each for each in body["resources"]})
    for resource in SERVED:
        entry = found[resource.api_version, resource.plural]
        assert (entry["kind"], set(entry["verbs"])) == (resource.kind, set(verbs_of(resource)))
        assert all((resource.api_version, f"{resource.plural}/{part}") in found for part in resource.subresources)
    assert found["apps/v1", "deployments/scale"]["kind"] == "Scale"
    assert (await client.get("/apis/apps")).body["name"] == "apps"
    assert (await client.get("/api")).body["versions"] == ["v1"]


async def test_the_server_says_that_it_validates(client: Client) -> None:
    paths = (await client.get("/openapi/v3")).body["paths"]
    document = (await client.get(paths["apis/apps/v1"]["serverRelativeURL"])).body
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert {found["name"] for found in patch["parameters"]} >= {"dryRun", "fieldValidation"}
    assert (await client.get("/openapi/v3/apis/foo/v1")).code == 404


def test_every_kind_has_columns() -> None:
    assert {*STORED, ENDPOINTS} == COLUMNS.keys()


async def test_a_server_that_ends_cuts_its_watches() -> None:
    """Otherwise the test would time out."""
    app = build_app(build_registry(), token=TOKEN, node=FakeNode(), version="v1.36.0")
    async with aiohttp.ClientSession() as session:
        async with serving(app, grace_s=3_600) as url:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            watching = await session.get(f"{url}/api/v1/pods?watch=true", headers=headers)
        with pytest.raises(aiohttp.ClientPayloadError):
            await watching.read()
