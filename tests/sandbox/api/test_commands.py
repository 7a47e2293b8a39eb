"""`pods/exec` with our own client."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from grpcdemo.errors import ApiError, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.execution import Output
from grpcdemo.resources import resource
from tests.fakes.authority import server_context
from tests.fakes.script import TOKEN, connected_to

from .harness import Client, Sandbox, running
from .samples import NAMESPACE, PODS, pod


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Sandbox, Api]]:
    """Our own client, which sends a token over TLS alone, and a pod `one`."""
    async with running(server_context()) as sandbox, connected_to(sandbox.client.url, tmp_path) as api:
        sandbox.registry.create(resource.PODS, NAMESPACE, pod())
        yield sandbox, api


async def test_output_and_exit_code(own: tuple[Sandbox, Api]) -> None:
    sandbox, api = own
    sandbox.node.codes = {"cat": 0, "false": 7}
    assert await api.execute("one", "c", "cat", "a b", namespace=NAMESPACE) == Output(b"c cat a b", "done", 0, "")
    failed = await api.execute("one", "c", "false", namespace=NAMESPACE)
    assert (failed.code, failed.message) == (7, "command terminated with non-zero exit code: exit status 7")
    missing = await api.execute("one", "c", "sh", namespace=NAMESPACE)
    assert (missing.code, missing.is_missing) == (None, True)


async def test_a_client_that_goes_ends_its_command(sandbox: Sandbox, client: Client) -> None:
    sandbox.registry.create(resource.PODS, NAMESPACE, pod())
    url, headers = f"{client.url}{PODS}/one/exec?command=sleep", {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as session:
        websocket = await session.ws_connect(url, headers=headers, protocols=("v5.channel.k8s.io",))
        await sandbox.node.is_asleep.wait()
        await websocket.close()
        await sandbox.node.is_awake.wait()


async def test_refusals(own: tuple[Sandbox, Api]) -> None:
    _, api = own
    with pytest.raises(NotFound):
        await api.execute("two", "c", "cat", namespace=NAMESPACE)
    with pytest.raises(ApiError, match="HTTP 400"):
        await api.execute("one", "other", "cat", namespace=NAMESPACE)


async def test_what_is_not_supported(sandbox: Sandbox, client: Client) -> None:
    sandbox.registry.create(resource.PODS, NAMESPACE, pod())
    for query, words in (
        ({}, "you must specify at least 1 command for the container"),
        ({"command": "cat", "stdin": "true"}, "without input and without a terminal"),
        ({"command": "cat", "tty": "true"}, "without input and without a terminal"),
        ({"command": "cat"}, "over a websocket with the protocol v5.channel.k8s.io or v4.channel.k8s.io"),
    ):
        answer = await client.get(f"{PODS}/one/exec", **query)
        assert (answer.code, words in answer.message) == (400, True), query
