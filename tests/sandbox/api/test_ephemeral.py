"""`pods/ephemeralcontainers`, as `kubectl debug` uses it."""

from typing import Any

import pytest

from grpcdemo.resources.objects import Object

from .harness import Answer, Client
from .samples import MERGE, PODS, STRATEGIC, pod

PATH = f"{PODS}/one/ephemeralcontainers"
DEBUGGER = {"name": "debugger", "image": "y"}


async def add(client: Client, *containers: Object) -> Answer:
    return await client.patch(PATH, {"spec": {"ephemeralContainers": list(containers)}}, STRATEGIC)


@pytest.fixture(autouse=True)
async def one(client: Client) -> None:
    await client.create(PODS, pod())


async def test_containers_are_added_to_those_that_are_there(client: Client) -> None:
    first = await add(client, DEBUGGER)
    second = await add(client, {"name": "again", "image": "z"})
    assert (first.code, second.code) == (200, 200)
    there = (await client.get(f"{PODS}/one")).body
    assert {each["name"]: each["imagePullPolicy"] for each in there["spec"]["ephemeralContainers"]} == {
        "debugger": "Always",
        "again": "Always",
    }
    assert (await client.get(PATH)).body == there
    assert (await add(client, {"name": "again", "image": "z"})).body == there
    assert (await client.get(f"{PODS}/one/log", container="again")).code == 200


async def test_nothing_else_of_the_pod_changes(client: Client) -> None:
    before = (await client.get(f"{PODS}/one")).body
    body: Any = {"metadata": {"labels": {"a": "b"}}, "spec": {"ephemeralContainers": [DEBUGGER], "nodeName": "other"}}
    after = (await client.patch(PATH, body, STRATEGIC)).body
    assert "labels" not in after["metadata"]
    assert {**after["spec"], "ephemeralContainers": []} == {**before["spec"], "ephemeralContainers": []}


@pytest.mark.parametrize(
    ("containers", "why"),
    [
        ([], 'existing ephemeral containers "debugger" may not be removed'),
        ([{**DEBUGGER, "image": "other"}], 'existing ephemeral containers "debugger" may not be changed'),
        ([{"name": "c", "image": "y"}], 'spec.ephemeralContainers[0].name: Duplicate value: "c"'),
        ([{"name": "new"}], "spec.ephemeralContainers[0].image: Required value"),
        (
            [{"name": "new", "image": "y", "ports": [{"containerPort": 1}]}],
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ),
    ],
)
async def test_what_is_refused(client: Client, containers: list[Object], why: str) -> None:
    await add(client, DEBUGGER)
    answer = await client.patch(PATH, {"spec": {"ephemeralContainers": containers}}, MERGE)
    assert answer.code == 422
    assert why in answer.message


async def test_only_a_pod_that_is_there_gets_them(client: Client) -> None:
    answer = await client.create(PODS, pod("two", ephemeralContainers=[DEBUGGER]))
    assert (answer.code, "cannot be set on create" in answer.message) == (422, True)
    labelled: Any = {"metadata": {"labels": {"a": "b"}}, "spec": {"ephemeralContainers": [DEBUGGER]}}
    assert (await client.patch(f"{PODS}/one", labelled, STRATEGIC)).code == 422
    await add(client, DEBUGGER)
    assert (await client.patch(f"{PODS}/one", {"metadata": {"labels": {"a": "b"}}}, MERGE)).code == 200
