"""Gets new tokens from an OpenID Connect provider, for a refresh token.

As client-go, but stricter where a refresh token could reach somebody else: client-go takes an issuer and a token
endpoint without TLS, a discovery document of another issuer, and a token endpoint's redirection. Such a provider is
refused here. It also shows what a provider says about a failure; here only a known error code is shown, because the
rest may repeat what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

import aiohttp

from grpcdemo import __version__
from grpcdemo.errors import GrpcdemoError, Hint, Unreachable
from grpcdemo.kube.access.connection_errors import Peer, connection_errors
from grpcdemo.kube.access.connector import build_connector, http_proxy
from grpcdemo.kube.access.credentials import basic
from grpcdemo.kube.access.entries import OidcProvider
from grpcdemo.kube.access.id_token import read_expiry
from grpcdemo.kube.access.proxies import Proxy, choose_proxy
from grpcdemo.kube.access.tls import build_trust

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_S = 30.0
ERRORS = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)
"""Those of OAuth 2.0 (RFC 6749, section 5.2)."""
PEER = Peer(
    "the OpenID Connect provider",
    "idp-certificate-authority-data",
    Hint("check idp-issuer-url in the kubeconfig, and whether it needs a private network"),
)
LOG_IN = "log in to the cluster again"


@dataclass(frozen=True)
class Tokens:
    """What a provider gives for a refresh token."""

    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """The next one, or the same one."""


@dataclass(frozen=True)
class Answer:
    """An HTTP status, and a body."""

    status: int
    body: bytes = field(repr=False)

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object in it; empty if there is none."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


class IdentityProvider:
    """One *provider*, reached through the proxies of the *environment*. An async context manager.

    Raises GrpcdemoError if it gives no tokens.
    """

    def __init__(self, provider: OidcProvider, environment: Mapping[str, str]) -> None:
        self._provider = provider
        self._environment = environment
        self._trust = build_trust(provider.authority)
        self._sessions: dict[Proxy | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> IdentityProvider:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for session in self._sessions.values():
            await session.close()

    async def find_token_endpoint(self) -> str:
        """The URL that takes refresh tokens, as the issuer's discovery document names it."""
        issuer = self._provider.issuer
        if not _is_private(issuer):
            raise self._provider.place.error("idp-issuer-url must be a URL with https:// and without a password")
        answer = await self._send("GET", issuer.rstrip("/") + DISCOVERY)
        named = answer.content.get("issuer"), answer.content.get("token_endpoint")
        if answer.status != 200 or not all(isinstance(one, str) and one for one in named):
            raise self._error(f"has no usable discovery document: HTTP {answer.status}")
        if str(named[0]).rstrip("/") != issuer.rstrip("/"):
            raise self._error("reports another issuer", hint="write idp-issuer-url exactly as the provider has it")
        if not _is_private(str(named[1])):
            raise self._error("names a token endpoint without TLS")
        return str(named[1])

    async def refresh(self, endpoint: str) -> Tokens:
        """New tokens. As client-go, tell the client's secret in a header, and if that fails in the body."""
        provider = self._provider
        form = {"grant_type": "refresh_token", "refresh_token": provider.refresh_token}
        header = {"Authorization": basic(quote_plus(provider.client_id), quote_plus(provider.client_secret))}
        answer = await self._send("POST", endpoint, data=form, headers=header)
        if _is_failure(answer):
            secret = {"client_secret": provider.client_secret} if provider.client_secret else {}
            answer = await self._send("POST", endpoint, data={**form, "client_id": provider.client_id, **secret})
        if _is_failure(answer):
            error = answer.content.get("error")
            reason = error if error in ERRORS else f"HTTP {answer.status}"
            raise self._error(f"refuses to refresh the id-token: {reason}", hint=LOG_IN)
        return self._read_tokens(answer.content)

    def _read_tokens(self, content: Mapping[str, Any]) -> Tokens:
        id_token, refresh_token = content.get("id_token"), content.get("refresh_token")
        if not isinstance(id_token, str):
            raise self._error("returned no id-token for the refresh-token", hint="log in with the scope openid")
        try:
            read_expiry(id_token)
        except ValueError:
            raise self._error("returned an invalid id-token") from None
        return Tokens(id_token, refresh_token if isinstance(refresh_token, str) else "")

    async def _send(self, method: str, url: str, **options: Any) -> Answer:
        """Follow redirections of a GET, which carries no secret, as long as there is TLS."""
        proxy = choose_proxy(url, environment=self._environment)
        try:
            with connection_errors(_origin(url), proxy, peer=PEER):
                async with self._session(proxy).request(
                    method,
                    url,
                    ssl=self._trust,
                    proxy=http_proxy(proxy),
                    allow_redirects=method == "GET",
                    **options,
                ) as response:
                    body = await response.read()
        except Unreachable as error:
            raise GrpcdemoError(error.message, hint=error.hint) from error
        if not all(_is_private(str(one.url)) for one in (*response.history, response)):
            raise self._error("redirects to an address without TLS")
        return Answer(response.status, body)

    def _session(self, proxy: Proxy | None) -> aiohttp.ClientSession:
        if proxy not in self._sessions:
            self._sessions[proxy] = aiohttp.ClientSession(
                connector=build_connector(proxy),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"grpcdemo/{__version__}", "Accept": "application/json"},
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            )
        return self._sessions[proxy]

    def _error(self, what: str, *, hint: str | None = None) -> GrpcdemoError:
        return GrpcdemoError(f"the OpenID Connect provider {_origin(self._provider.issuer)} {what}", hint=hint)


def _is_failure(answer: Answer) -> bool:
    """Some providers answer 200 to what they refuse."""
    return not 200 <= answer.status < 300 or bool(answer.content.get("error"))


def _is_private(url: str) -> bool:
    """Whether what is sent there goes over TLS, and the URL itself tells no password."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False


def _origin(url: str) -> str:
    """Without path and query, which may hold more than an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
