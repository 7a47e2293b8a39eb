"""Endpoints say what the EndpointSlices of a Service say."""

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINTS
from grpcdemo.sandbox.api.served import WARNINGS

from . import samples
from .harness import Client
from .samples import NAMESPACE, SERVICES, SLICES

PATH = f"/api/v1/namespaces/{NAMESPACE}/endpoints"
PORT = {"name": "grpc", "port": 80, "protocol": "TCP"}


def endpoint(ip: str, **conditions: bool) -> Object:
    return {"addresses": [ip], "conditions": conditions}


async def create_slice(client: Client, *endpoints: Object, service: str = "web") -> None:
    metadata = {"name": f"{service}-1", "labels": {"kubernetes.io/service-name": service}}
    body = {"metadata": metadata, "addressType": "IPv4", "endpoints": [*endpoints], "ports": [PORT]}
    assert (await client.create(SLICES, body)).code == 201


async def test_they_are_read_off_the_slices_of_the_service(client: Client) -> None:
    await client.create(SERVICES, samples.service("web"))
    await create_slice(
        client,
        endpoint("10.0.0.1", ready=True),
        endpoint("10.0.0.2", ready=False),
        endpoint("10.0.0.3", ready=False, terminating=True),
        endpoint("10.0.0.4"),
    )
    await create_slice(client, endpoint("10.0.0.9"), service="other")
    endpoints = (await client.get(f"{PATH}/web")).body
    assert (endpoints["kind"], endpoints["metadata"]["name"]) == ("Endpoints", "web")
    ready = [{"ip": "10.0.0.1"}, {"ip": "10.0.0.4"}]
    assert endpoints["subsets"] == [{"addresses": ready, "notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [PORT]}]


async def test_a_service_without_pods_has_empty_ones(client: Client) -> None:
    await client.create(SERVICES, samples.service("web"))
    assert "subsets" not in (await client.get(f"{PATH}/web")).body
    assert (await client.get(f"{PATH}/other")).code == 404


async def test_a_list_warns_and_shows_the_first_three(client: Client) -> None:
    await client.create(SERVICES, samples.service("web"))
    await create_slice(client, *(endpoint(f"10.0.0.{number}") for number in range(1, 5)))
    shown = await client.get(PATH, headers={"Accept": samples.TABLE})
    assert shown.headers.getall("Warning") == [f'299 - "{WARNINGS[ENDPOINTS]}"']
    (row,) = shown.body["rows"]
    assert row["cells"][:2] == ["web", "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more..."]
    assert "Warning" not in (await client.get(SERVICES)).headers


async def test_they_can_only_be_read(client: Client) -> None:
    assert (await client.create(PATH, {"metadata": {"name": "mine"}})).code == 405
