"""The HTTP connection to one API server, as one user: sends requests with the credentials that it is given."""

from __future__ import annotations

import json
import ssl

import aiohttp
from multidict import CIMultiDict

from grpcdemo import __version__
from grpcdemo.kube.access.connector import build_connector, http_proxy
from grpcdemo.kube.access.credentials import Credentials, CredentialSource
from grpcdemo.kube.access.entries import Cluster, User
from grpcdemo.kube.access.pem import KeyPair
from grpcdemo.kube.access.proxies import Proxy
from grpcdemo.kube.access.tls import build_context
from grpcdemo.kube.client.request import Parameters, Request

CLOSE_S = 1.0
"""How long the other end may take to say goodbye to a websocket."""


class Connection:
    """Requests of *user* to *cluster*, with the credentials of *source*, through *proxy*.

    Raises UsageError if a certificate or a key cannot be used.
    """

    def __init__(self, cluster: Cluster, user: User, source: CredentialSource, proxy: Proxy | None) -> None:
        self.source = source
        self.proxy = proxy
        self._cluster = cluster
        self._key_pair = user.key_pair
        self._tls = build_context(cluster, user.key_pair) if cluster.is_tls else None
        if proxy and proxy.is_socks and cluster.tls_server_name:
            raise cluster.place.error(
                "grpcdemo cannot use a tls-server-name through a SOCKS proxy",
                hint="name an HTTP proxy, or remove the field",
            )
        self._headers = CIMultiDict([("Accept", "application/json"), *user.impersonation])
        if not cluster.disable_compression:
            self._headers["Accept-Encoding"] = "gzip"
        self._session = aiohttp.ClientSession(
            connector=build_connector(proxy),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"grpcdemo/{__version__}"},
            trust_env=False,  # else it would choose another proxy, and send passwords out of ~/.netrc
            skip_auto_headers={"Accept-Encoding"},
        )

    @property
    def server(self) -> str:
        return self._cluster.server

    async def send(
        self, request: Request, credentials: Credentials, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        headers = self._headers_with(credentials)
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return await self._session.request(
            request.method,
            self._cluster.server + request.path,
            params=_query(request.parameters),
            headers=headers,
            data=None if request.body is None else json.dumps(request.body).encode(),
            timeout=timeout,
            ssl=self._context(credentials.key_pair) or False,
            server_hostname=self._cluster.tls_server_name or None,
            proxy=http_proxy(self.proxy),
        )

    async def open_websocket(
        self, request: Request, credentials: Credentials, protocol: str
    ) -> aiohttp.ClientWebSocketResponse[bool]:
        """Raises WSServerHandshakeError with the status of a refusal, but without its words."""
        headers = self._headers_with(credentials)
        headers["Accept"] = "*/*"  # the API server has no JSON here, and refuses to be asked for it
        return await self._session.ws_connect(
            self._cluster.server + request.path,
            params=_query(request.parameters),
            headers=headers,
            protocols=(protocol,),
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            ssl=self._context(credentials.key_pair) or False,
            server_hostname=self._cluster.tls_server_name or None,
            proxy=http_proxy(self.proxy),
        )

    async def close(self) -> None:
        await self._session.close()

    def _headers_with(self, credentials: Credentials) -> CIMultiDict[str]:
        headers: CIMultiDict[str] = self._headers.copy()
        if credentials.authorization:
            headers["Authorization"] = credentials.authorization
        return headers

    def _context(self, key_pair: KeyPair | None) -> ssl.SSLContext | None:
        """The context with *key_pair*. Another pair gets another one, and thereby new connections."""
        if self._tls and key_pair != self._key_pair:
            self._key_pair, self._tls = key_pair, build_context(self._cluster, key_pair)
        return self._tls


def _query(parameters: Parameters) -> list[tuple[str, str]]:
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, values in parameters.items()
        for value in (values if isinstance(values, tuple) else (values,))
    ]
