"""An expired ID token is refreshed as by kubectl: who gets the refresh token, and what becomes of the next one."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from grpcdemo.errors import GrpcdemoError, Unauthorized
from grpcdemo.kube.access.kubeconfig import find_kubeconfig, read_entries
from grpcdemo.kube.access.oidc import EARLY_S, OidcCredentials
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.connect import connect, read_context
from grpcdemo.model.progress import StepEvent, Warned
from grpcdemo.resources.resource import PODS
from tests.fakes.authority import authority_data, server_context
from tests.fakes.script import Answer, Script, refuse, reply, serving
from tests.kube.access.kubeconfigs import write_config

DISCOVERY = "/.well-known/openid-configuration"
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
CANARY = "again"


def id_token(expires: Any, *, more: str = "") -> str:
    claims = {"jti": more} if expires is None else {"jti": more, "exp": expires}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


OLD, NEW = id_token(1), id_token(2**32)


@dataclass
class Scene:
    """An API server that is also the provider, and a kubeconfig of somebody who logged in there long ago."""

    url: str
    path: Path
    script: Script
    events: list[StepEvent] = field(default_factory=list)

    def provide(self, *answers: Answer, **metadata: Any) -> None:
        """What the token endpoint answers, and what the discovery document says."""
        document = {"issuer": self.url, "token_endpoint": f"{self.url}/token", **metadata}
        self.script.on("GET", DISCOVERY, reply(document))
        self.script.on("POST", "/token", *answers)

    def write(self, **config: Any) -> None:
        provider = {
            "client-id": "me",
            "client-secret": "s/cret",
            "idp-issuer-url": self.url,
            "idp-certificate-authority-data": authority_data(),
            "id-token": OLD,
            "refresh-token": CANARY,
            **{name.replace("_", "-"): value for name, value in config.items()},
        }
        given = {name: value for name, value in provider.items() if value is not None}
        write_config(self.path, {"auth-provider": {"name": "oidc", "config": given}}, {"server": self.url})

    async def ask(self, times: int = 1) -> None:
        async with await self.connect() as api:
            for _ in range(times):
                api._version = None
                await api.version()

    async def connect(self) -> Api:
        return await connect(find_kubeconfig(str(self.path)), environment={}, report=self.events.append)

    @property
    def kept(self) -> dict[str, str]:
        """The tokens in the kubeconfig now."""
        config = yaml.safe_load(self.path.read_text())["users"][0]["user"]["auth-provider"]["config"]
        return {name: config[name] for name in ("id-token", "refresh-token")}

    @property
    def asked(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.script.asked]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    script = Script()
    script.on("GET", "/version", reply(VERSION))
    async with serving(script, ssl_context=server_context()) as url:
        scene = Scene(url, tmp_path / "config", script)
        scene.write()
        scene.provide(reply({"access_token": "a", "id_token": NEW, "refresh_token": "next"}))
        yield scene


async def test_an_expired_token_is_refreshed_and_kept_for_kubectl(scene: Scene) -> None:
    await scene.ask(times=2)
    assert scene.asked == [f"GET {DISCOVERY}", "POST /token", "GET /version", "GET /version"]
    _, refresh, *requests = scene.script.asked
    assert refresh.body == {"grant_type": "refresh_token", "refresh_token": CANARY}
    assert refresh.authorization == "Basic " + base64.b64encode(b"me:s%2Fcret").decode()
    assert [asked.authorization for asked in requests] == [f"Bearer {NEW}"] * 2
    assert scene.kept == {"id-token": NEW, "refresh-token": "next"}
    assert scene.events == []


@pytest.mark.parametrize("left_s", [EARLY_S - 1, EARLY_S + 1])
async def test_a_token_is_refreshed_a_little_before_its_end(scene: Scene, left_s: float) -> None:
    scene.write(id_token=id_token(1_000 + left_s))
    _, user = read_context(read_entries(find_kubeconfig(str(scene.path))), "dev")
    source = OidcCredentials(
        user, reread=lambda: user, environment={}, report=scene.events.append, clock=lambda: 1_000.0
    )
    await source.get()
    assert bool(scene.asked) is (left_s < EARLY_S)


@pytest.mark.parametrize("token", [None, "", id_token(None)])
async def test_a_token_that_is_missing_is_refreshed(scene: Scene, token: str | None) -> None:
    scene.write(id_token=token)
    await scene.ask()
    assert scene.kept["id-token"] == NEW


async def test_many_requests_at_once_refresh_once(scene: Scene) -> None:
    async with await scene.connect() as api:
        await asyncio.gather(*(api.list(PODS) for _ in range(3)), return_exceptions=True)
    assert scene.asked.count("POST /token") == 1


async def test_two_programs_at_once_use_a_refresh_token_once(scene: Scene) -> None:
    async with await scene.connect() as one, await scene.connect() as other:
        await asyncio.gather(one.version(), other.version())
    assert scene.asked.count("POST /token") == 1
    assert [asked.authorization for asked in scene.script.asked_for("GET", "/version")] == [f"Bearer {NEW}"] * 2


async def test_a_refresh_token_that_was_sent_is_not_lost_with_the_command(scene: Scene) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await go_on.wait()
        return await reply({"id_token": NEW, "refresh_token": "next"})(request)

    scene.provide(slow)
    asking = asyncio.create_task(scene.ask())
    await arrived.wait()
    asking.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert scene.kept == {"id-token": NEW, "refresh-token": "next"}


async def test_a_provider_that_wants_the_secret_in_the_body(scene: Scene) -> None:
    scene.provide(refuse(401), reply({"id_token": NEW}))
    await scene.ask()
    in_header, in_body = scene.script.asked_for("POST", "/token")
    assert in_header.authorization
    assert in_body.authorization is None
    assert in_body.body == {**in_header.body, "client_id": "me", "client_secret": "s/cret"}
    assert scene.kept == {"id-token": NEW, "refresh-token": CANARY}  # it gave no other


async def test_without_a_refresh_token_nobody_is_asked(scene: Scene) -> None:
    scene.write(refresh_token=None)
    with pytest.raises(GrpcdemoError, match="user jane, auth-provider: id-token has expired") as caught:
        await scene.ask()
    assert "log in" in str(caught.value.hint)
    assert scene.asked == []


@pytest.mark.parametrize("error", ["invalid_grant", f"oops {CANARY}"])
@pytest.mark.parametrize("status", [400, 200])
async def test_a_refused_refresh_token_is_told_and_not_sent_again(scene: Scene, status: int, error: str) -> None:
    scene.provide(reply({"error": error, "error_description": f"what is {CANARY}?"}, status))
    async with await scene.connect() as api:
        for _ in range(2):
            with pytest.raises(GrpcdemoError, match=r"refuses to refresh the id-token: (invalid_grant|HTTP)") as caught:
                await api.version()
            assert CANARY not in caught.value.message
    assert scene.asked == [f"GET {DISCOVERY}", "POST /token", "POST /token"]
    assert scene.kept == {"id-token": OLD, "refresh-token": CANARY}


STRANGE: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://other.test"}, "reports another issuer"),
    "no issuer": ({"issuer": None}, "no usable discovery document"),
    "no token endpoint": ({"token_endpoint": ""}, "no usable discovery document"),
    "a token endpoint without TLS": ({"token_endpoint": "http://127.0.0.1:9/token"}, "without TLS"),
    "a token endpoint that is no URL": ({"token_endpoint": "https://[x/token"}, "without TLS"),
}


@pytest.mark.parametrize(("metadata", "said"), STRANGE.values(), ids=STRANGE)
async def test_a_strange_provider_gets_no_refresh_token(scene: Scene, metadata: dict[str, Any], said: str) -> None:
    scene.provide(reply({"id_token": NEW}), **metadata)
    with pytest.raises(GrpcdemoError, match=said):
        await scene.ask()
    assert scene.asked == [f"GET {DISCOVERY}"]


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9", "https://me:pw@127.0.0.1:9", "127.0.0.1:9", "https://[x"])
async def test_an_issuer_must_have_tls(scene: Scene, issuer: str) -> None:
    scene.write(idp_issuer_url=issuer)
    with pytest.raises(GrpcdemoError, match="idp-issuer-url must be a URL with https://") as caught:
        await scene.ask()
    assert "pw" not in caught.value.message


async def test_an_issuer_with_a_slash_at_its_end_is_the_same(scene: Scene) -> None:
    scene.write(idp_issuer_url=f"{scene.url}/")
    await scene.ask()
    assert scene.kept["id-token"] == NEW


async def test_a_discovery_document_may_be_long(scene: Scene) -> None:
    scene.provide(reply({"id_token": NEW}), scopes_supported=["x" * 500_000])
    await scene.ask()
    assert scene.kept["id-token"] == NEW


async def test_a_refresh_token_follows_no_redirection(scene: Scene) -> None:
    scene.provide(reply(status=307, Location=f"{scene.url}/elsewhere"))
    with pytest.raises(GrpcdemoError, match="HTTP 307"):
        await scene.ask()
    assert "POST /elsewhere" not in scene.asked


async def test_a_discovery_document_may_be_elsewhere_but_not_without_tls(scene: Scene) -> None:
    document = scene.script.answer("GET", DISCOVERY)
    scene.script.on("GET", DISCOVERY, reply(status=302, Location=f"{scene.url}/moved"))
    scene.script.on("GET", "/moved", document)
    await scene.ask()
    scene.write()
    async with serving(scene.script) as plain:
        scene.script.on("GET", DISCOVERY, reply(status=302, Location=f"{plain}/moved"))
        with pytest.raises(GrpcdemoError, match="redirects to an address without TLS"):
            await scene.ask()


async def test_a_provider_that_nobody_trusts(scene: Scene) -> None:
    scene.write(idp_certificate_authority_data=None)
    with pytest.raises(GrpcdemoError, match="certificate of https://127") as caught:
        await scene.ask()
    assert "idp-certificate-authority" in str(caught.value.hint)
    assert scene.asked == []


async def test_a_provider_that_is_down_is_no_api_server_that_restarts(scene: Scene) -> None:
    scene.write(idp_issuer_url="https://127.0.0.1:9")
    with pytest.raises(GrpcdemoError, match=r"OpenID Connect provider https://127\.0\.0\.1:9 cannot be reached"):
        await scene.ask()


GIVEN: dict[str, Any] = {
    "no id-token": {"access_token": "a"},
    "an invalid id-token": {"id_token": "canary"},
    "an id-token with a line break": {"id_token": f"{NEW}\n"},
    "a list": {"id_token": [NEW]},
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
async def test_what_is_no_id_token_is_not_kept(scene: Scene, given: Any) -> None:
    scene.provide(reply(given))
    with pytest.raises(GrpcdemoError, match="id-token"):
        await scene.ask()
    assert scene.kept == {"id-token": OLD, "refresh-token": CANARY}


async def test_a_token_that_another_program_took_meanwhile(scene: Scene) -> None:
    async with await scene.connect() as api:
        scene.write(id_token=NEW)
        await api.version()
    assert scene.asked == ["GET /version"]


async def test_a_refused_token_is_not_refreshed(scene: Scene) -> None:
    scene.write(id_token=NEW)
    scene.script.on("GET", "/version", refuse(401))
    with pytest.raises(Unauthorized):
        await scene.ask()
    assert scene.asked == ["GET /version"]


async def test_a_refused_token_that_somebody_renewed(scene: Scene) -> None:
    other = id_token(2**32, more="other")
    scene.write(id_token=NEW)
    scene.script.on("GET", "/version", refuse(401), reply(VERSION))
    async with await scene.connect() as api:
        scene.write(id_token=other)
        await api.version()
    assert [asked.authorization for asked in scene.script.asked] == [f"Bearer {NEW}", f"Bearer {other}"]


async def test_an_id_token_that_is_none(scene: Scene) -> None:
    for token in ("canary", "canary.canary.canary", id_token("canary"), f"{NEW}\ncanary"):
        scene.write(id_token=token)
        with pytest.raises(GrpcdemoError, match="is not an ID token") as caught:
            await scene.ask()
        assert "canary" not in str(caught.value)


def lock(scene: Scene) -> None:
    scene.path.with_name("config.lock").touch()


OBSTACLES: dict[str, tuple[Callable[[Scene], None], str]] = {
    "a lock": (lock, "config.lock exists"),
    "a read-only file": (lambda scene: scene.path.chmod(0o400), "it is read-only"),
}


@pytest.mark.parametrize(("obstruct", "reason"), OBSTACLES.values(), ids=OBSTACLES)
async def test_tokens_that_cannot_be_kept_are_used_and_told(
    scene: Scene, obstruct: Callable[[Scene], None], reason: str
) -> None:
    obstruct(scene)
    before = scene.path.read_bytes()
    _, user = read_context(read_entries(find_kubeconfig(str(scene.path))), "dev")
    source = OidcCredentials(user, reread=lambda: user, environment={}, report=scene.events.append, lock_s=0)
    credentials = await source.get()
    assert credentials.authorization == f"Bearer {NEW}"
    assert await source.renew(credentials) is None  # what the file has is older
    assert await source.get() == credentials
    assert scene.asked.count("POST /token") == 1
    assert scene.path.read_bytes() == before
    (event,) = scene.events
    assert isinstance(event, Warned)
    assert reason in event.text
    assert "user jane" in event.text
    assert not any(secret in event.text for secret in (NEW, OLD, CANARY, "next"))
