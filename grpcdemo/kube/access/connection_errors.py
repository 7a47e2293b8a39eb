"""Turn failed connections into our errors: the only place."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from grpcdemo.errors import Hint, Kubectl, Unreachable
from grpcdemo.kube.access.proxies import Proxy

NOT_CONNECTED = (aiohttp.ClientConnectorError, ProxyConnectionError)
"""No connection was made, to the API server or to a proxy."""
NOT_SENT = (
    *NOT_CONNECTED,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    ProxyError,
    ProxyTimeoutError,
)
"""The API server has not got the request."""
PROXY_IS_DOWN = (aiohttp.ClientProxyConnectionError, aiohttp.ClientConnectorDNSError, ProxyConnectionError)
"""The same of a proxy: where there is one, only its name is looked up here."""


@dataclass(frozen=True)
class Peer:
    """Who is at the other end, and what helps if it cannot be reached."""

    name: str
    authority: str
    """The field that says who signs its certificate."""
    if_down: Hint


API_SERVER = Peer(
    "the API server",
    "certificate-authority-data",
    Hint("check the cluster with ", Kubectl("cluster-info"), ", or choose another with --context"),
)


@contextmanager
def connection_errors(server: str, proxy: Proxy | None = None, *, peer: Peer = API_SERVER) -> Iterator[None]:
    """Turn what aiohttp raises when *server* cannot be talked to, through *proxy*, into `Unreachable`."""
    through = f" through the proxy {proxy}" if proxy else ""
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise Unreachable(
            f"the certificate of {server} is not trusted{through}: {error}",
            hint=f"check {peer.authority} in the kubeconfig",
        ) from error
    except aiohttp.ClientHttpProxyError as error:
        raise Unreachable(
            f"the proxy {proxy} did not connect to {peer.name} {server}: {error.status} {error.message}",
            hint=_advise_on_proxy(server, proxy),
        ) from error
    except ProxyError as error:
        raise Unreachable(
            f"the proxy {proxy} did not connect to {peer.name} {server}: {error}",
            hint=_advise_on_proxy(server, proxy),
        ) from error
    except NOT_CONNECTED as error:
        if proxy and isinstance(error, PROXY_IS_DOWN):
            raise Unreachable(
                f"the proxy {proxy} to {peer.name} {server} cannot be reached: {_reason(error)}",
                hint=_advise_on_proxy(server, proxy),
            ) from error
        raise Unreachable(
            f"{peer.name} {server} cannot be reached{through}: {_reason(error)}",
            hint=peer.if_down,
        ) from error
    except (asyncio.TimeoutError, ProxyTimeoutError) as error:
        raise Unreachable(f"{peer.name} {server} did not answer in time{through}") from error
    except aiohttp.ClientPayloadError as error:
        raise Unreachable(f"the connection to {server}{through} broke in the middle of a response") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Unreachable(f"the connection to {server}{through} broke: {error or type(error).__name__}") from error


def _reason(error: aiohttp.ClientConnectorError | ProxyConnectionError) -> str:
    """In the system's words; a name that is not found has others, and a negative number."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
    number, words = getattr(cause, "errno", None), getattr(cause, "strerror", None)
    return os.strerror(number) if number and number > 0 else str(words or cause) or "the connection was closed"


def _advise_on_proxy(server: str, proxy: Proxy | None) -> str:
    if proxy and proxy.is_of_environment:
        return f"check {proxy.source}, or add {urlsplit(server).hostname} to NO_PROXY to connect without a proxy"
    return "check the cluster's proxy-url in the kubeconfig"
