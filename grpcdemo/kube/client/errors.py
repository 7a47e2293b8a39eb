"""Turn failed requests and connections into our errors: the only place."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from grpcdemo.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    Hint,
    Kubectl,
    NoDryRun,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
)
from grpcdemo.kube.access.proxies import Proxy
from grpcdemo.kube.advice import advise_on_refusal
from grpcdemo.kube.client.request import Request
from grpcdemo.kube.messages import Refuser, is_missing_permission, read_refusal
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES

NOT_CONNECTED = (aiohttp.ClientConnectorError, ProxyConnectionError)
"""No connection was made, to the API server or to a proxy."""
PROXY_IS_DOWN = (aiohttp.ClientProxyConnectionError, aiohttp.ClientConnectorDNSError, ProxyConnectionError)
"""The same of a proxy: where there is one, only its name is looked up here."""


def api_error(code: int, status: Object, request: Request) -> ApiError:
    """The error for an answer with HTTP status *code* and the `Status` object in its body."""
    message = str(status.get("message") or status.get("reason") or f"HTTP {code}")
    what = f"cannot {request.verb} {request.subject}: {message}"
    if code == 401:
        return Unauthorized(
            f"the cluster does not accept the credentials of context {request.context}: {message}",
            hint=Hint("they may have expired: log in again, then try ", Kubectl("get", "ns")),
        )
    if code == 403 and is_missing_permission(message):
        return Forbidden(what, hint=_advise_on_permission(request))
    if refusal := read_refusal(message):  # with whatever code: a webhook chooses its own, one that fails is a 500
        kind = NoDryRun if refusal.by is Refuser.NO_DRY_RUN else Rejected
        return kind(what, hint=advise_on_refusal(refusal, request.namespace))
    if code == 404:
        return NotFound(what)
    if code == 409:
        return Conflict(what)
    if code == 410:
        return Expired(what)
    if code == 429:
        return ApiError(what, hint="the API server is overloaded or limits this client: try again later")
    if code in (400, 403, 422):
        return Rejected(what)
    return ApiError(what)


def not_kubernetes(server: str) -> ApiError:
    """The error for an answer that no Kubernetes API gives."""
    return ApiError(
        f"what answers at {server} is not a Kubernetes API",
        hint="check the server's address in the kubeconfig, and whether a proxy stands in between",
    )


def _advise_on_permission(request: Request) -> Hint:
    """How to check and, for a namespace, how to do without."""
    if request.resource != NAMESPACES:
        return Hint("check with ", request.can_i, ", or ask for the permission")
    if request.verb != "patch" or request.name is None or request.body is None:
        return Hint("name a namespace that exists and that you may use with --namespace, or check with ", request.can_i)
    labels = request.body["metadata"].get("labels") or {}
    changes = [f"{key}-" if value is None else f"{key}={value}" for key, value in labels.items()]
    label = Kubectl("label", "namespace", request.name, *changes, "--overwrite")
    return Hint("ask someone who may to run ", label, ", or check with ", request.can_i)


@contextmanager
def connection_errors(server: str, proxy: Proxy | None = None) -> Iterator[None]:
    """Turn what aiohttp raises when *server* cannot be talked to, through *proxy*, into `Unreachable`."""
    through = f" through the proxy {proxy}" if proxy else ""
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise Unreachable(
            f"the certificate of {server} is not accepted{through}: {error}",
            hint="check certificate-authority-data in the kubeconfig",
        ) from error
    except aiohttp.ClientHttpProxyError as error:
        raise Unreachable(
            f"the proxy {proxy} does not connect to the API server {server}: {error.status} {error.message}",
            hint=_advise_on_proxy(server, proxy),
        ) from error
    except ProxyError as error:
        raise Unreachable(
            f"the proxy {proxy} does not connect to the API server {server}: {error}",
            hint=_advise_on_proxy(server, proxy),
        ) from error
    except NOT_CONNECTED as error:
        if proxy and isinstance(error, PROXY_IS_DOWN):
            raise Unreachable(
                f"the proxy {proxy} to the API server {server} cannot be reached: {_reason(error)}",
                hint=_advise_on_proxy(server, proxy),
            ) from error
        raise Unreachable(
            f"the API server {server} cannot be reached{through}: {_reason(error)}",
            hint=Hint("is the cluster running? ", Kubectl("cluster-info"), " should answer; `--context` names another"),
        ) from error
    except (asyncio.TimeoutError, ProxyTimeoutError) as error:
        raise Unreachable(f"the API server {server} did not answer in time{through}") from error
    except aiohttp.ClientPayloadError as error:
        raise Unreachable(f"the connection to {server}{through} broke in the middle of an answer") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Unreachable(f"the connection to {server}{through} broke: {error or type(error).__name__}") from error


def _reason(error: aiohttp.ClientConnectorError | ProxyConnectionError) -> str:
    """In the system's words; a name that is not found has others, and a negative number."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
    number, words = getattr(cause, "errno", None), getattr(cause, "strerror", None)
    return os.strerror(number) if number and number > 0 else str(words or cause) or "it closes the connection"


def _advise_on_proxy(server: str, proxy: Proxy | None) -> str:
    if proxy and proxy.is_of_environment:
        return f"check {proxy.source}, or add {urlsplit(server).hostname} to NO_PROXY to connect without a proxy"
    return "check the cluster's proxy-url in the kubeconfig"
