"""Lists: selectors, versions, and the forms that they come in."""

import pytest

from .harness import Client
from .samples import ACCOUNTS, DEPLOYMENTS, EVENTS, PODS, TABLE, account, deployment, pod


async def test_label_selectors(client: Client) -> None:
    for name, labels in (("a", {"color": "red"}), ("b", {"color": "blue"}), ("c", {})):
        await client.create(ACCOUNTS, account(name, labels=labels))
    assert (await client.get(ACCOUNTS, labelSelector="color in (red, blue),color!=red")).names == ["b"]
    refused = await client.get(ACCOUNTS, labelSelector="a>x")
    assert (refused.code, refused.body["message"]) == (400, "for '>' operator, the value must be an integer: x")


FIELDS = [
    ("metadata.name=one", "one"),
    ("metadata.name!=one", "two"),
    ("metadata.namespace=demo", "one two"),
    ("metadata.namespace=other", ""),
    ("spec.nodeName=node", "two"),
    ("spec.nodeName==,status.phase=Pending", "one"),
    ("status.phase!=Pending", ""),
]


@pytest.mark.parametrize(("selector", "names"), FIELDS)
async def test_field_selectors(client: Client, selector: str, names: str) -> None:
    await client.create(PODS, pod("one"))
    await client.create(PODS, pod("two", nodeName="node"))
    assert (await client.get(PODS, fieldSelector=selector)).names == names.split()


async def test_events_are_found_by_what_they_are_about(client: Client) -> None:
    about = {"kind": "Pod", "namespace": "demo", "name": "one", "uid": "7"}
    event = {"metadata": {"name": "e"}, "involvedObject": about, "reason": "R", "type": "Warning"}
    made = await client.create(EVENTS, {**event, "source": {"component": "kubelet"}})
    assert made.code == 201
    for selector in ("involvedObject.name=one,involvedObject.uid=7", "reason=R,type=Warning", "source=kubelet"):
        assert (await client.get(EVENTS, fieldSelector=selector)).names == ["e"]
    assert (await client.get(EVENTS, fieldSelector="involvedObject.name=two")).names == []


async def test_all_namespaces_or_one(client: Client) -> None:
    await client.create("/api/v1/namespaces", {"metadata": {"name": "other"}})
    await client.create(ACCOUNTS, account("one"))
    await client.create("/api/v1/namespaces/other/serviceaccounts", account("two"))
    assert (await client.get("/api/v1/serviceaccounts")).names == ["one", "two"]
    assert (await client.get(ACCOUNTS)).names == ["one"]
    assert (await client.get("/api/v1/namespaces/nope/serviceaccounts")).names == []


async def test_a_list_is_whole_and_of_the_present_version(client: Client) -> None:
    """The API lets a server ignore `limit`."""
    await client.create(ACCOUNTS, account("a"))
    old = (await client.get(ACCOUNTS)).body["metadata"]["resourceVersion"]
    await client.create(ACCOUNTS, account("b"))
    for query in ({"resourceVersion": old}, {"resourceVersion": "0"}, {"limit": "1"}):
        answer = await client.get(ACCOUNTS, **query)
        assert (answer.names, "continue" in answer.body["metadata"]) == (["a", "b"], False)
    version = answer.body["metadata"]["resourceVersion"]
    assert (await client.get(ACCOUNTS, resourceVersion=version, resourceVersionMatch="Exact")).names == ["a", "b"]
    expired = await client.get(ACCOUNTS, resourceVersion=old, resourceVersionMatch="Exact")
    assert (expired.code, expired.reason) == (410, "Expired")
    assert (await client.get(ACCOUNTS, **{"continue": "foo"})).code == 400


async def test_a_table(client: Client) -> None:
    await client.create(DEPLOYMENTS, deployment())
    table = (await client.get(DEPLOYMENTS, headers={"Accept": f"{TABLE},application/json"})).body
    assert table["kind"] == "Table"
    columns = [(found["name"], found["type"], found["priority"]) for found in table["columnDefinitions"]]
    assert columns == [
        *((name, "string", 0) for name in ("Name", "Ready", "Up-to-date", "Available", "Age")),
        *((name, "string", 1) for name in ("Containers", "Images", "Selector")),
    ]
    [row] = table["rows"]
    assert row["cells"][:4] + row["cells"][5:] == ["web", "0/0", 0, 0, "c", "x", "a=b"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    one = await client.get(f"{DEPLOYMENTS}/web", headers={"Accept": TABLE}, includeObject="Object")
    assert one.body["rows"][0]["object"]["spec"]["replicas"] == 0


async def test_metadata_alone(client: Client) -> None:
    await client.create(PODS, pod())
    form = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    listed = await client.get(PODS, headers=form)
    assert listed.body["kind"] == "PartialObjectMetadataList"
    assert listed.body["items"][0].keys() == {"kind", "apiVersion", "metadata"}
