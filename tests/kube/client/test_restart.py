"""What a client does while its API server restarts, and what it does not take for a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from grpcdemo.errors import ApiError, Forbidden, Rejected, Unauthorized
from grpcdemo.kube.access.credentials import Credentials
from grpcdemo.kube.access.entries import Cluster, User
from grpcdemo.kube.access.fields import Place
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect
from grpcdemo.kube.client.connection import Connection
from grpcdemo.kube.client.exchange import Exchange
from grpcdemo.kube.client.patience import Patience
from grpcdemo.model.progress import Done, StepEvent, Warned, unreported
from grpcdemo.model.target import Target
from grpcdemo.resources.resource import NAMESPACES, PODS
from tests.fakes.script import Answer, Script, connected, refuse, reply, serving, write_kubeconfig

PATH = "/api/v1/namespaces"
PODS_PATH = "/api/v1/pods"
LIST = reply({"items": [], "metadata": {"resourceVersion": "7"}})
VERSION = reply({"major": "1", "minor": "34"})
MISSING = refuse(403, 'User "jane" cannot list resource "namespaces"')
REFUSALS = {401: refuse(401), 403: MISSING, **{code: refuse(code, "oh") for code in (500, 502, 503, 504)}}
refusals = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
MOMENT = Patience(back_off_s=0, lost_retry_s=0.001, starting_s=30, notice_s=0)
SHORT = Patience(back_off_s=0, lost_retry_s=0.001, starting_s=0.02, notice_s=0)


@pytest.fixture
def events() -> list[StepEvent]:
    return []


@pytest.fixture
async def api(script: Script, tmp_path: Path, events: list[StepEvent]) -> AsyncIterator[Api]:
    script.on("GET", "/version", VERSION)
    async with connected(script, tmp_path, patience=MOMENT, report=events.append) as api:
        yield api


@refusals
async def test_what_was_allowed_before_is_asked_again(
    script: Script, api: Api, events: list[StepEvent], refusal: Answer
) -> None:
    script.on("GET", PATH, LIST, *[refusal] * 8, LIST)
    await api.list(NAMESPACES)
    await api.list(NAMESPACES)
    told, over = events
    assert isinstance(told, Warned)
    assert "; trying for 30 s more" in told.text
    assert over == Done("the API server answers again")


async def test_a_missing_permission_is_told_at_once(script: Script, api: Api, events: list[StepEvent]) -> None:
    script.on("GET", PATH, MISSING)
    await api.version()
    with pytest.raises(Forbidden):
        await api.list(NAMESPACES)
    assert len(script.asked_for("GET", PATH)) == 1
    assert events == []


async def test_a_stranger_is_told_at_once(script: Script, api: Api) -> None:
    script.on("GET", PATH, REFUSALS[401])
    with pytest.raises(Unauthorized):
        await api.list(NAMESPACES)
    assert len(script.asked) == 1


async def test_whoever_was_let_in_is_known_whatever_the_request(script: Script, api: Api) -> None:
    script.on("GET", PATH, REFUSALS[401], REFUSALS[401], LIST)
    await api.version()
    await api.list(NAMESPACES)


async def test_an_admission_plugins_refusal_is_an_answer(script: Script, api: Api) -> None:
    script.on("POST", PATH, reply({}, 201), refuse(403, "exceeded quota: small"))
    await api.create(NAMESPACES, {"metadata": {"name": "a"}})
    with pytest.raises(Rejected):
        await api.create(NAMESPACES, {"metadata": {"name": "a"}})
    assert len(script.changes) == 2


@refusals
async def test_a_refusal_that_stays_ends_it(script: Script, tmp_path: Path, refusal: Answer) -> None:
    script.on("GET", PATH, LIST, refusal)
    async with connected(script, tmp_path, patience=SHORT) as api:
        await api.list(NAMESPACES)
        with pytest.raises(ApiError):
            await api.list(NAMESPACES)


@dataclass
class Plugin:
    """Credentials that are others each time."""

    runs: int = 1

    async def get(self) -> Credentials:
        return Credentials(f"Bearer {self.runs}")

    async def renew(self, refused: Credentials) -> Credentials:
        self.runs += 1
        return await self.get()


async def test_a_renewal_that_does_not_help_is_not_repeated(script: Script) -> None:
    script.on("GET", "/version", VERSION)
    script.on("GET", PATH, *[REFUSALS[401]] * 8, LIST)
    place, plugin = Place(Path("f"), "x"), Plugin()
    async with serving(script) as server:
        connection = Connection(Cluster(server, place), User(place), plugin, None)
        exchange = Exchange(connection, "test", MOMENT, unreported)
        async with Api(exchange, Target("fake", server, implied=False, local=True)) as api:
            await api.version()
            await api.list(NAMESPACES)
    assert plugin.runs == 2


@dataclass
class Outage:
    """An API server that answered once, refuses connections now, and can come back."""

    api: Api
    script: Script
    port: int
    events: list[StepEvent] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def report(self, event: StepEvent) -> None:
        self.events.append(event)
        self.told.set()


@asynccontextmanager
async def outage(script: Script, folder: Path, patience: Patience) -> AsyncIterator[Outage]:
    script.on("GET", "/version", VERSION)
    async with serving(script) as server:
        path = write_kubeconfig(folder / "config", server)
        outage = Outage(None, script, urlsplit(server).port or 0)  # type: ignore[arg-type]  # no API yet
        outage.api = await connect(find_kubeconfig(str(path)), patience=patience, report=outage.report)
        await outage.api.version()
    async with outage.api:
        yield outage


async def test_an_outage_is_told_once_and_its_end_too(script: Script, tmp_path: Path) -> None:
    script.on("GET", PATH, LIST)
    async with outage(script, tmp_path, MOMENT) as out:
        work = asyncio.gather(out.api.list(NAMESPACES), out.api.list(NAMESPACES))
        await out.told.wait()
        async with serving(script, out.port):
            await work
    told, over = out.events
    assert isinstance(told, Warned)
    assert (
        told.text
        == f"the API server http://127.0.0.1:{out.port} cannot be reached: Connection refused; trying for 60 s more"
    )
    assert over == Done("the API server answers again")


async def test_a_short_outage_is_not_told(script: Script, tmp_path: Path) -> None:
    script.on("GET", PATH, LIST)
    async with outage(script, tmp_path, replace(MOMENT, notice_s=60)) as out:
        work = asyncio.create_task(out.api.list(NAMESPACES))
        await asyncio.wait([work], timeout=0.02)
        async with serving(script, out.port):
            await work
    assert out.events == []


@refusals
async def test_a_server_that_has_just_come_back_may_refuse_anything(
    script: Script, tmp_path: Path, refusal: Answer
) -> None:
    script.on("GET", PATH, *[refusal] * 8, LIST)
    async with outage(script, tmp_path, MOMENT) as out:
        work = asyncio.create_task(out.api.list(NAMESPACES))
        await out.told.wait()
        async with serving(script, out.port):
            await work
    assert len(out.events) == 2


async def test_a_server_that_came_back_long_ago_is_no_excuse(script: Script, tmp_path: Path) -> None:
    script.on("GET", PODS_PATH, LIST)
    script.on("GET", PATH, MISSING)
    async with outage(script, tmp_path, replace(MOMENT, starting_s=0)) as out:
        work = asyncio.create_task(out.api.list(PODS))
        await out.told.wait()
        async with serving(script, out.port):
            await work
            with pytest.raises(Forbidden):
                await out.api.list(NAMESPACES)
    assert len(script.asked_for("GET", PATH)) == 1
