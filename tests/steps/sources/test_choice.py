"""The best source: the clients' sidecars as soon as one has answered, else those of the servers, and why."""

from dataclasses import dataclass

import pytest

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.choice import NO_PROXY, BestSource, ClientSource
from grpcdemo.steps.sources.source import Reading

AROUND = Around([], [], {})
CLIENTS, SERVERS = Reading("envoy", told=["web-1"]), Reading("istio", told=["cart-1", "cart-2"])
UNMESHED_CLIENTS = Reading("envoy", nobody="no client pod has Istio's sidecar", is_unmeshed=True)
WITHOUT_LINKERD = Reading("linkerd", nobody="no client pod has Linkerd's proxy", is_unmeshed=True)
UNMESHED_SERVERS = Reading("istio", nobody="no server pod has one", is_unmeshed=True)
SILENT_SERVERS = Reading("istio", failures={"cart-1": "it is silent"})
APPS, NO_METRICS = Reading("app", told=["cart-1"]), Reading("app", nobody="no pod has metrics")
SILENT_CLIENTS = Reading("envoy", failures={"web-1": "its sidecar does not answer"})
DENIED = Unreadable(Right("create", PODS, "shop", subresource="portforward"))


@dataclass
class Scripted:
    """A source that answers so, one after the other."""

    answers: list[Reading | Unreadable]

    async def read(self, _: Around) -> Reading:
        answer = self.answers.pop(0)
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    async def close(self) -> None:
        self.answers.clear()


async def best(*answers: Reading | Unreadable) -> Reading:
    return await BestSource([Scripted([answer]) for answer in answers], tries=1).read(AROUND)


async def test_the_clients_are_asked_first() -> None:
    assert await best(CLIENTS, SERVERS) == CLIENTS


@pytest.mark.parametrize(
    ("clients", "why"),
    [
        (UNMESHED_CLIENTS, "no client pod has Istio's sidecar"),
        (SILENT_CLIENTS, "its sidecar does not answer"),
        (DENIED, "this user may not create pods/portforward in namespace shop"),
    ],
)
async def test_the_servers_where_no_client_can_be_read(clients: Reading | Unreadable, why: str) -> None:
    reading = await best(clients, SERVERS)
    assert (reading.source, reading.why, reading.counted_by.pods) == ("istio", why, 2)


async def test_nobody() -> None:
    assert await best(UNMESHED_CLIENTS, UNMESHED_SERVERS) == UNMESHED_CLIENTS
    for servers, why in (
        (Reading("istio", nobody="they count nothing"), "they count nothing"),
        (DENIED, "this user may"),
    ):
        nobody = (await best(UNMESHED_CLIENTS, servers)).nobody
        assert nobody.startswith(f"no client pod has Istio's sidecar, and {why}")
    assert await best(SILENT_CLIENTS, UNMESHED_SERVERS) == SILENT_CLIENTS
    with pytest.raises(Unreadable):
        await best(DENIED, UNMESHED_SERVERS)


async def test_a_client_that_was_read_and_is_silent_now_does_not_change_the_source() -> None:
    source = BestSource([Scripted([CLIENTS, SILENT_CLIENTS, UNMESHED_CLIENTS]), Scripted([SERVERS])])
    assert [(await source.read(AROUND)).source for _ in range(3)] == ["envoy", "envoy", "istio"]


async def test_clients_that_fail_are_asked_again() -> None:
    source = BestSource([Scripted([*[SILENT_CLIENTS] * 3, CLIENTS]), Scripted([SERVERS])], tries=3)
    assert [(await source.read(AROUND)).source for _ in range(4)] == ["envoy", "envoy", "istio", "envoy"]


@pytest.mark.parametrize(
    ("clients", "servers", "why"),
    [
        (UNMESHED_CLIENTS, UNMESHED_SERVERS, "no client pod has Istio's sidecar"),
        (
            UNMESHED_CLIENTS,
            Reading("istio", nobody="they count nothing"),
            f"{UNMESHED_CLIENTS.nobody}, and they count nothing",
        ),
        (DENIED, SILENT_SERVERS, "this user may not create pods/portforward in namespace shop, and it is silent"),
        (DENIED, DENIED, "this user may not create pods/portforward in namespace shop"),
    ],
)
async def test_the_applications_where_no_sidecar_can_be_read(
    clients: Reading | Unreadable, servers: Reading | Unreadable, why: str
) -> None:
    reading = await best(clients, servers, APPS)
    assert (reading.source, reading.why) == ("app", why)


async def test_sidecars_of_servers_that_fail_are_asked_again() -> None:
    sources = [Scripted([UNMESHED_CLIENTS] * 4), Scripted([SILENT_SERVERS] * 4), Scripted([APPS, NO_METRICS])]
    source = BestSource(sources, tries=3)
    readings = [await source.read(AROUND) for _ in range(4)]
    assert [reading.source for reading in readings] == ["istio", "istio", "app", "istio"]
    assert readings[-1].why == UNMESHED_CLIENTS.nobody


async def test_nobody_of_three() -> None:
    nobody = (await best(UNMESHED_CLIENTS, UNMESHED_SERVERS, NO_METRICS)).nobody
    assert nobody == "no client pod has Istio's sidecar, and no pod has metrics"


async def test_of_two_that_fail_the_last_one_says_why() -> None:
    reading = await best(SILENT_CLIENTS, SILENT_SERVERS, NO_METRICS)
    assert (reading.source, reading.why, reading.nobody) == ("istio", "its sidecar does not answer", "")


async def proxies(*answers: Reading | Unreadable) -> Reading:
    return await ClientSource([Scripted([answer]) for answer in answers]).read(AROUND)


async def test_the_mesh_that_the_clients_run_in() -> None:
    linkerd = Reading("linkerd", told=["web-1"])
    assert await proxies(CLIENTS, linkerd) == CLIENTS
    assert await proxies(UNMESHED_CLIENTS, linkerd) == linkerd, (
        "no worse than the first one, so there is nothing to say"
    )
    assert (await proxies(UNMESHED_CLIENTS, WITHOUT_LINKERD)).nobody == NO_PROXY
    past = Reading("linkerd", nobody="no client pod calls through Linkerd's proxy")
    assert await proxies(UNMESHED_CLIENTS, past) == past
    nobody_known = Reading("envoy", nobody="no client pod is known")
    assert (await proxies(nobody_known, nobody_known)).nobody == "no client pod is known"
