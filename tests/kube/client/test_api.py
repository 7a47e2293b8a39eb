"""What the client does when the API does not simply answer: try again, log in again, or say why not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from grpcdemo.errors import ApiError, Conflict, Rejected, Replaced, Unauthorized, Unreachable
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect
from grpcdemo.kube.client.exchange import ATTEMPTS, UNANSWERED
from grpcdemo.kube.client.patience import Patience
from grpcdemo.resources.resource import NAMESPACES, PODS
from tests.fakes.authority import server_context
from tests.fakes.script import Answer, Script, connected, cut, hang, refuse, reply, serving, write_kubeconfig

PATH = "/api/v1/namespaces"
DEMO_PATH = f"{PATH}/demo"
PODS_PATH = f"{DEMO_PATH}/pods"
BODY = {"metadata": {"name": "demo"}}
LIST = {"items": [BODY], "metadata": {"resourceVersion": "7"}}
BUSY = refuse(429, "too many requests", Retry_After="0.01")


@pytest.fixture
async def impatient_api(script: Script, tmp_path: Path) -> AsyncIterator[Api]:
    async with connected(script, tmp_path, patience=Patience(answer_s=0.05, back_off_s=0)) as connected_api:
        yield connected_api


async def test_a_list_asks_for_what_is_selected(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply(LIST))
    assert await api.list(NAMESPACES, selector="a=b", fields="c=d") == LIST
    assert script.asked_for("GET", PATH)[0].query == {"labelSelector": "a=b", "fieldSelector": "c=d"}


async def test_a_list_without_items_is_empty(script: Script, api: Api) -> None:
    script.on("GET", PATH, reply({"items": None, "metadata": {}}))
    assert (await api.list(NAMESPACES))["items"] == []


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_read_is_tried_again(script: Script, api: Api, code: int) -> None:
    script.on("GET", PATH, refuse(code), refuse(code, Retry_After="0.01"), reply(LIST))
    assert await api.list(NAMESPACES) == LIST
    assert len(script.asked) == 3


async def test_it_waits_as_long_as_the_api_asks(script: Script, api: Api) -> None:
    half_over = asyncio.Event()

    async def busy(request: web.Request) -> web.StreamResponse:
        asyncio.get_running_loop().call_later(0.05, half_over.set)
        return await refuse(429, Retry_After="0.1")(request)

    async def free(request: web.Request) -> web.StreamResponse:
        return await (reply(LIST) if half_over.is_set() else refuse(403, "too early"))(request)

    script.on("GET", PATH, busy, free)
    assert await api.list(NAMESPACES) == LIST


async def test_a_date_to_try_again_after_is_no_mistake(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), reply(LIST))
    assert await api.list(NAMESPACES) == LIST


async def test_a_read_is_tried_a_few_times(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(503, "not ready"))
    with pytest.raises(ApiError, match="not ready"):
        await api.list(NAMESPACES)
    assert len(script.asked) == ATTEMPTS


Change = Callable[[Api], Awaitable[object]]
CHANGES: list[tuple[str, str, Change]] = [
    ("POST", PATH, lambda api: api.create(NAMESPACES, BODY)),
    ("POST", PODS_PATH, lambda api: api.create(PODS, {"metadata": {"generateName": "p-"}}, namespace="demo")),
    ("PATCH", DEMO_PATH, lambda api: api.patch(NAMESPACES, "demo", {"metadata": {"labels": {"a": "b"}}})),
    ("DELETE", DEMO_PATH, lambda api: api.delete(NAMESPACES, "demo", uid="u")),
]
changes = pytest.mark.parametrize(("method", "path", "change"), CHANGES)


@changes
@pytest.mark.parametrize("fault", [BUSY, *map(refuse, (500, 502, 503, 504)), cut()])
async def test_a_change_is_repeated(
    script: Script, api: Api, method: str, path: str, change: Change, fault: Answer
) -> None:
    script.on(method, path, fault, fault, reply(BODY))
    await change(api)
    first, *others = script.changes
    assert others == [first] * 2


@changes
async def test_a_change_that_went_unanswered_is_repeated(
    script: Script, tmp_path: Path, method: str, path: str, change: Change
) -> None:
    script.on(method, path, hang, reply(BODY))
    async with connected(script, tmp_path, patience=Patience(answer_s=0.5, back_off_s=0)) as api:
        await change(api)


@changes
async def test_a_change_is_repeated_a_few_times(
    script: Script, api: Api, method: str, path: str, change: Change
) -> None:
    script.on(method, path, refuse(500, "oh"))
    with pytest.raises(ApiError, match="oh"):
        await change(api)
    assert len(script.changes) == ATTEMPTS


async def test_a_webhooks_refusal_is_an_answer(script: Script, api: Api) -> None:
    """Each further attempt could take as long as the webhook's timeout."""
    script.on("POST", PATH, refuse(500, 'failed calling webhook "w.example.com": timeout'))
    with pytest.raises(Rejected):
        await api.create(NAMESPACES, BODY)
    assert len(script.changes) == 1


CONFLICT = refuse(409, "oh")
GONE = refuse(404)


def as_it_is(**metadata: str) -> Answer:
    """The object, as one sees it after a conflict."""
    return reply({"metadata": {"name": "demo", "uid": "u", "resourceVersion": "1", **metadata}})


def patch_of(**preconditions: str) -> Change:
    return lambda api: api.patch(NAMESPACES, "demo", {"metadata": {"labels": {"a": "b"}, **preconditions}})


create, delete = CHANGES[0][2], CHANGES[3][2]


@pytest.mark.parametrize(
    ("method", "change", "now"),
    [
        ("POST", create, GONE),
        ("PATCH", patch_of(), as_it_is()),
        ("PATCH", patch_of(uid="u"), as_it_is(resourceVersion="2")),
        ("PATCH", patch_of(uid="u", resourceVersion="1"), as_it_is()),
        ("DELETE", delete, as_it_is(resourceVersion="2")),
    ],
)
async def test_a_conflict_without_a_cause_is_no_answer(
    script: Script, api: Api, method: str, change: Change, now: Answer
) -> None:
    path = PATH if method == "POST" else DEMO_PATH
    script.on(method, path, CONFLICT, CONFLICT, reply(BODY))
    script.on("GET", DEMO_PATH, now)
    await change(api)
    assert len(script.changes) == 3
    script.on(method, path, CONFLICT)
    with pytest.raises(Conflict, match="oh"):
        await change(api)


@pytest.mark.parametrize(
    ("method", "change", "now", "error"),
    [
        ("POST", create, as_it_is(), Conflict),
        ("POST", create, refuse(403, 'User "jane" cannot get resource "namespaces"'), Conflict),
        ("PATCH", patch_of(uid="u"), as_it_is(uid="v"), Replaced),
        ("PATCH", patch_of(uid="u", resourceVersion="1"), as_it_is(resourceVersion="2"), Conflict),
        ("DELETE", delete, as_it_is(uid="v"), Replaced),
        ("DELETE", delete, as_it_is(uid="v", deletionTimestamp="now"), Replaced),
    ],
)
async def test_a_conflict_that_stands(
    script: Script, api: Api, method: str, change: Change, now: Answer, error: type[Conflict]
) -> None:
    script.on(method, PATH if method == "POST" else DEMO_PATH, CONFLICT)
    script.on("GET", DEMO_PATH, now)
    with pytest.raises(Conflict, match="oh") as caught:
        await change(api)
    assert type(caught.value) is error
    assert len(script.changes) == 1


@pytest.mark.parametrize("now", [GONE, as_it_is(deletionTimestamp="now")])
async def test_a_deletion_that_has_happened_is_no_conflict(script: Script, api: Api, now: Answer) -> None:
    """An API server refuses to delete a terminating namespace again."""
    script.on("DELETE", DEMO_PATH, CONFLICT)
    script.on("GET", DEMO_PATH, now)
    await delete(api)
    assert len(script.changes) == 1


@pytest.mark.parametrize(("uid", "error"), [("u", Rejected), ("v", Replaced)])
async def test_a_patch_of_another_object_is_invalid(script: Script, api: Api, uid: str, error: type[ApiError]) -> None:
    script.on("PATCH", DEMO_PATH, refuse(422, "metadata.uid: field is immutable"))
    script.on("GET", DEMO_PATH, as_it_is(uid=uid))
    with pytest.raises(error, match="immutable"):
        await patch_of(uid="u")(api)
    assert len(script.changes) == 1


async def test_a_server_that_restarts_is_awaited(script: Script, tmp_path: Path) -> None:
    """It answered before, so its address is right. Connections that it refused are no attempts."""
    script.on("POST", PATH, refuse(503), refuse(503), reply(BODY, 201))
    async with serving(script) as server:
        path, patience = write_kubeconfig(tmp_path / "config", server), Patience(back_off_s=0, lost_retry_s=0.001)
        api = await connect(find_kubeconfig(str(path)), patience=patience)
        await api.version()
    async with api:
        creating = asyncio.create_task(api.create(NAMESPACES, BODY))
        done, _ = await asyncio.wait([creating], timeout=0.1)
        assert not done
        async with serving(script, urlsplit(server).port or 0):
            assert await creating == BODY


async def test_a_server_that_does_not_come_back(script: Script, tmp_path: Path) -> None:
    async with serving(script) as server:
        path = write_kubeconfig(tmp_path / "config", server)
        api = await connect(find_kubeconfig(str(path)), patience=Patience(lost_s=0.03, lost_retry_s=0.01))
        await api.version()
    async with api:
        with pytest.raises(Unreachable, match=server):
            await api.list(NAMESPACES)


async def test_a_read_survives_a_cut_connection(script: Script, api: Api) -> None:
    script.on("GET", PATH, cut(), reply(LIST))
    assert await api.list(NAMESPACES) == LIST


async def test_a_read_is_sent_again_after_a_dead_connection(script: Script, tmp_path: Path) -> None:
    script.on("GET", PATH, hang, reply(LIST))
    async with connected(script, tmp_path, patience=Patience(answer_s=0.5, back_off_s=0)) as api:
        assert await api.list(NAMESPACES) == LIST


async def test_a_change_without_an_answer_may_have_been_done(script: Script, api: Api) -> None:
    script.on("POST", PATH, cut())
    for dry_run in (False, True):
        with pytest.raises(Unreachable) as caught:
            await api.create(NAMESPACES, BODY, dry_run=dry_run)
        assert caught.value.message.endswith("; it may have been done anyway") is not dry_run
    assert "cannot create namespaces" not in caught.value.message


async def test_no_answer_in_time(script: Script, impatient_api: Api) -> None:
    for method, verb in (("POST", impatient_api.create(NAMESPACES, BODY)), ("GET", impatient_api.list(NAMESPACES))):
        script.on(method, PATH, hang)
        with pytest.raises(Unreachable, match="did not answer in time"):
            await verb
    assert len(script.asked_for("GET", PATH)) <= UNANSWERED


async def test_a_server_that_is_down(tmp_path: Path) -> None:
    async with serving(Script()) as server:
        pass
    write_kubeconfig(tmp_path / "config", server)
    async with await connect(find_kubeconfig(str(tmp_path / "config"))) as api:
        with pytest.raises(Unreachable, match=server):
            await api.version()


@pytest.mark.parametrize("body", [b"<html>Welcome to nginx!</html>", b"[]", b"{}", b'{"major": "one", "minor": "2"}'])
async def test_an_answer_that_is_not_of_kubernetes_is_an_error(script: Script, api: Api, body: bytes) -> None:
    script.on("GET", "/version", reply(body))
    with pytest.raises(ApiError):
        await api.version()


async def test_an_error_page_of_a_proxy_is_quoted(script: Script, api: Api) -> None:
    script.on("POST", PATH, reply(b"<html>Bad Gateway</html>", 502))
    with pytest.raises(ApiError, match="Bad Gateway"):
        await api.create(NAMESPACES, BODY)


async def test_expired_credentials_are_loaded_again(tmp_path: Path) -> None:
    script = Script()
    script.on("GET", PATH, refuse(401, "Unauthorized"), reply(LIST))
    async with serving(script, ssl_context=server_context()) as server:
        path = write_kubeconfig(tmp_path / "config", server, token="old")
        async with await connect(find_kubeconfig(str(path))) as api:
            write_kubeconfig(path, server, token="new")
            assert await api.list(NAMESPACES) == LIST
    assert [asked.authorization for asked in script.asked] == ["Bearer old", "Bearer new"]


async def test_credentials_that_stay_refused(script: Script, api: Api) -> None:
    script.on("GET", PATH, refuse(401, "Unauthorized"))
    with pytest.raises(Unauthorized, match="context fake") as caught:
        await api.list(NAMESPACES)
    assert "log in again" in str(caught.value.hint)
    assert len(script.asked) == 1


async def test_credentials_that_cannot_be_loaded_again(script: Script, tmp_path: Path) -> None:
    script.on("GET", PATH, refuse(401, "Unauthorized"))
    async with connected(script, tmp_path) as api:
        (tmp_path / "config").write_text("current-context: other\ncontexts: []\n")
        with pytest.raises(Unauthorized):
            await api.list(NAMESPACES)


async def test_a_dry_run_says_so_where_the_api_looks_for_it(script: Script, tmp_path: Path) -> None:
    """In the query; but of a DELETE with a body, the API server reads the body only."""
    for method, path in (("POST", PATH), ("PATCH", DEMO_PATH), ("DELETE", DEMO_PATH)):
        script.on(method, path, reply(BODY))
    async with connected(script, tmp_path, dry_run=True) as api:
        await api.create(NAMESPACES, BODY)
        await api.patch(NAMESPACES, "demo", {})
        await api.delete(NAMESPACES, "demo", uid="u")
    posted, patched, deleted = script.asked
    assert posted.query == patched.query == {"dryRun": "All"}
    assert deleted.body["dryRun"] == ["All"]


async def test_only_the_object_that_was_seen_is_deleted(script: Script, api: Api) -> None:
    script.on("DELETE", DEMO_PATH, reply({}))
    await api.delete(NAMESPACES, "demo", uid="u-1")
    assert script.asked[0].body["preconditions"] == {"uid": "u-1"}
    assert "dryRun" not in script.asked[0].body


async def test_a_single_create_can_be_a_dry_run(script: Script, api: Api) -> None:
    script.on("POST", PODS_PATH, refuse(403, "exceeded quota: small"))
    with pytest.raises(Rejected):
        await api.create(PODS, {"metadata": {"generateName": "p-"}}, namespace="demo", dry_run=True)
    assert script.asked[0].query == {"dryRun": "All"}


async def test_a_change_that_was_sent_is_answered_before_it_is_cancelled(script: Script, api: Api) -> None:
    """Otherwise it might land after the cleaning up that follows."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await go_on.wait()
        return await reply(BODY, 201)(request)

    script.on("POST", PATH, slow)
    creating = asyncio.create_task(api.create(NAMESPACES, BODY))
    await arrived.wait()
    creating.cancel()
    done, _ = await asyncio.wait([creating], timeout=0.05)
    assert not done
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await creating


@pytest.mark.parametrize(("minor", "version"), [("34", (1, 34)), ("21+", (1, 21))])
async def test_the_version_is_asked_once(script: Script, api: Api, minor: str, version: tuple[int, int]) -> None:
    script.on("GET", "/version", reply({"major": "1", "minor": minor, "gitVersion": "v1"}))
    assert await api.version() == version
    assert await api.version() == version
    assert len(script.asked) == 1
