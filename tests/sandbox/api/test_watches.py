"""Watches: each change once, resumed from a version, with an error when that version is lost."""

import asyncio
import json
import socket
import struct
from urllib.parse import urlsplit

import pytest

from grpcdemo.resources.resource import NAMESPACES, SERVICE_ACCOUNTS
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.api.watches import Watch
from tests.fakes.script import TOKEN

from .harness import Client, Sandbox, forget
from .samples import ACCOUNTS, MERGE, NAMESPACE, TABLE, account, namespace


async def version_of(client: Client) -> str:
    return str((await client.get(ACCOUNTS)).body["metadata"]["resourceVersion"])


async def label(client: Client, name: str, **labels: str | None) -> None:
    await client.patch(f"{ACCOUNTS}/{name}", {"metadata": {"labels": labels}}, MERGE)


async def test_present_objects_and_changes(client: Client) -> None:
    await client.create(ACCOUNTS, account("one"))
    async with client.watch(ACCOUNTS) as watched:
        assert await watched.names(1) == [("ADDED", "one")]
        await client.create(ACCOUNTS, account("two"))
        await label(client, "one", a="b")
        await client.delete(f"{ACCOUNTS}/two")
        assert await watched.names(3) == [("ADDED", "two"), ("MODIFIED", "one"), ("DELETED", "two")]


async def test_a_watch_resumes_after_a_cut(client: Client) -> None:
    start = await version_of(client)
    for name in "abc":
        await client.create(ACCOUNTS, account(name))
    async with client.watch(ACCOUNTS, resourceVersion=start) as watched:
        event = await watched.next()
    version = event["object"]["metadata"]["resourceVersion"]
    async with client.watch(ACCOUNTS, resourceVersion=version) as watched:
        assert await watched.names(2) == [("ADDED", "b"), ("ADDED", "c")]


async def test_a_deleted_object_has_a_newer_version(client: Client) -> None:
    made = await client.create(ACCOUNTS, account("one"))
    version = made.body["metadata"]["resourceVersion"]
    async with client.watch(ACCOUNTS, resourceVersion=version) as watched:
        await client.delete(f"{ACCOUNTS}/one")
        event = await watched.next()
        assert int(event["object"]["metadata"]["resourceVersion"]) > int(version)


async def test_entering_and_leaving_a_selection(client: Client) -> None:
    await client.create(ACCOUNTS, account("one"))
    async with client.watch(ACCOUNTS, labelSelector="a=b", resourceVersion=await version_of(client)) as watched:
        await label(client, "one", a="b")
        await label(client, "one", x="y")
        await label(client, "one", a=None)
        await label(client, "one", x=None)
        await client.create(ACCOUNTS, account("two", labels={"a": "b"}))
        names = await watched.names(4)
    assert names == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one"), ("ADDED", "two")]


async def test_other_namespaces_and_names_are_left_out(client: Client) -> None:
    await client.create("/api/v1/namespaces", {"metadata": {"name": "other"}})
    async with client.watch(ACCOUNTS, fieldSelector="metadata.name=two") as watched:
        await client.create("/api/v1/namespaces/other/serviceaccounts", account("two"))
        await client.create(ACCOUNTS, account("one"))
        await client.create(ACCOUNTS, account("two"))
        event = await watched.next()
    assert event["object"]["metadata"]["namespace"] == "demo"


async def test_a_version_that_is_forgotten(sandbox: Sandbox) -> None:
    sandbox.registry.create(SERVICE_ACCOUNTS, "demo", account("one"))
    start = str(sandbox.store.version)
    forget(sandbox.store, "one")
    async with sandbox.client.watch(ACCOUNTS, resourceVersion=start) as watched:
        event = await watched.next()
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert await watched.lines.read() == b""


async def test_a_version_of_another_sandbox(client: Client) -> None:
    async with client.watch(ACCOUNTS, resourceVersion="99999") as watched:
        event = await watched.next()
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_a_restored_cluster_is_listed_again(sandbox: Sandbox) -> None:
    await sandbox.client.create(ACCOUNTS, account("one"))
    backup = Store()
    backup.restore(sandbox.store)
    await sandbox.client.delete(f"{ACCOUNTS}/one")
    await sandbox.client.create(ACCOUNTS, account("two"))
    async with sandbox.client.watch(ACCOUNTS, resourceVersion=await version_of(sandbox.client)) as watched:
        sandbox.store.restore(backup)
        assert (await watched.next())["object"]["code"] == 410
    assert [item["metadata"]["name"] for item in (await sandbox.client.get(ACCOUNTS)).body["items"]] == ["one"]


async def test_initial_events_end_with_a_bookmark(client: Client) -> None:
    await client.create(ACCOUNTS, account("one"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with client.watch(ACCOUNTS, **query) as watched:
        assert await watched.names(1) == [("ADDED", "one")]
        mark = await watched.next()
    assert (mark["type"], mark["object"]["kind"]) == ("BOOKMARK", "ServiceAccount")
    metadata = mark["object"]["metadata"]
    assert metadata == {
        "resourceVersion": await version_of(client),
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


async def test_a_bookmark_tells_the_version_to_resume_from(sandbox: Sandbox) -> None:
    registry, query = sandbox.registry, {"resourceVersion": str(sandbox.store.version)}
    asking, plain = (
        Watch(sandbox.store, SERVICE_ACCOUNTS, NAMESPACE, {**query, **more}, bookmark_s=0.01).events()
        for more in ({"allowWatchBookmarks": "true"}, {})
    )
    registry.create(NAMESPACES, "", namespace("other"))
    event, mark = await anext(asking)
    assert (event, mark["kind"]) == ("BOOKMARK", "ServiceAccount")
    assert mark["metadata"]["resourceVersion"] == str(sandbox.store.version)
    registry.create(SERVICE_ACCOUNTS, NAMESPACE, account("one"))
    assert (await anext(asking))[0] == (await anext(plain))[0] == "ADDED"


async def test_a_watch_ends_after_its_longest_time(sandbox: Sandbox) -> None:
    watch = Watch(sandbox.store, SERVICE_ACCOUNTS, NAMESPACE, {}, longest_s=0.01)
    assert [event async for event in watch.events()] == []


async def test_a_table_has_its_columns_once(client: Client) -> None:
    async with client.stream(ACCOUNTS, accept=TABLE, watch="true") as lines:
        await client.create(ACCOUNTS, account("one"))
        await client.create(ACCOUNTS, account("two"))
        first, second = [json.loads(await lines.readline())["object"] for _ in range(2)]
    assert [found["name"] for found in first["columnDefinitions"]] == ["Name", "Age"]
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["cells"][0] == "two"


async def test_a_client_that_disconnects_is_no_error(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """It resets its connection, and many events follow before the server can notice."""
    loop, url = asyncio.get_running_loop(), urlsplit(sandbox.client.url)
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, (url.hostname, url.port))
        ask = f"GET {ACCOUNTS}?watch=true HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        await loop.sock_sendall(connection, ask.encode())
        assert b"200 OK" in await loop.sock_recv(connection, 1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for number in range(10):
        sandbox.store.create(SERVICE_ACCOUNTS, {"metadata": {"name": f"account-{number}", "namespace": NAMESPACE}})
    await sandbox.client.get(ACCOUNTS)
    assert not caplog.records
