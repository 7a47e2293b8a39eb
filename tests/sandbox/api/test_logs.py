"""`pods/log`: which container, which options reach the kubelet, and how a stream begins and ends."""

from datetime import datetime, timezone
from typing import Any

import pytest

from grpcdemo.sandbox.api.logs import LogOptions

from .harness import Client, Sandbox
from .samples import PODS, pod

LINES = "".join(f"line {number} of c\n" for number in range(3))
TWO: dict[str, Any] = {"initContainers": [{"name": "i", "image": "x"}], "containers": [{"name": "c", "image": "x"}]}


async def test_the_only_container_needs_no_name(client: Client) -> None:
    await client.create(PODS, pod())
    answer = await client.get(f"{PODS}/one/log")
    assert (answer.code, answer.body) == (200, LINES)
    assert answer.headers["Content-Type"].startswith("text/plain")


REFUSED = [
    ({}, 400, "a container name must be specified for pod one, choose one of: [i c]"),
    ({"container": "zz"}, 400, "container zz is not valid for pod one"),
    (
        {"container": "c", "tailLines": "-1"},
        422,
        'PodLogOptions "one" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ),
    ({"container": "c", "tailLines": "a"}, 400, 'strconv.ParseInt: parsing "a": invalid syntax'),
    (
        {"container": "c", "sinceSeconds": "1", "sinceTime": "2020-01-01T00:00:00Z"},
        422,
        'PodLogOptions "one" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ),
]


@pytest.mark.parametrize(("query", "code", "message"), REFUSED)
async def test_logs_that_are_refused(client: Client, query: dict[str, str], code: int, message: str) -> None:
    await client.create(PODS, pod(**TWO))
    answer = await client.get(f"{PODS}/one/log", **query)
    assert (answer.code, answer.message) == (code, message)


async def test_a_malformed_time(client: Client) -> None:
    await client.create(PODS, pod())
    assert (await client.get(f"{PODS}/one/log", sinceTime="foo")).code == 400


async def test_a_container_that_has_not_started(client: Client) -> None:
    await client.create(PODS, pod(container={"name": "waiting"}))
    answer = await client.get(f"{PODS}/one/log", follow="true")
    assert answer.code == 400
    assert answer.message == 'container "waiting" in pod "one" is waiting to start: ContainerCreating'


async def test_options_reach_the_source(sandbox: Sandbox) -> None:
    await sandbox.client.create(PODS, pod())
    await sandbox.client.get(
        f"{PODS}/one/log",
        previous="true",
        timestamps="",
        tailLines="2",
        limitBytes="7",
        sinceTime="2026-01-02T03:04:05Z",
    )
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    options = LogOptions(previous=True, timestamps=True, tail_lines=2, limit_bytes=7, since_time=since)
    assert sandbox.node.asked == [("demo", "one", "c", options)]


async def test_following_ends_with_the_client(sandbox: Sandbox) -> None:
    await sandbox.client.create(PODS, pod())
    async with sandbox.client.stream(f"{PODS}/one/log", follow="true") as lines:
        assert [await lines.readline() for _ in range(3)] == [line.encode() for line in LINES.splitlines(True)]
        assert not sandbox.node.closed.is_set()
    await sandbox.node.closed.wait()
