"""Answers of the API that are not a success, and connections that fail, in our words: the one place.

The rules come from how the API server itself words a refusal: RBAC says `User "…" cannot VERB resource
"…"`, so a 403 without that sentence is an admission plugin's (quota, PodSecurity), and a failing webhook
is a 500 that names it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp

from grpcdemo.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    Hint,
    Kubectl,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
)
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource

RBAC_REFUSAL = re.compile(r'User ".*" cannot \S+ (resource|path) ')


@dataclass(frozen=True)
class Request:
    """What was asked of the API, for the error that may come of it."""

    verb: str
    resource: Resource | None
    namespace: str | None = None
    name: str | None = None
    context: str = ""

    @property
    def subject(self) -> str:
        what = self.resource.qualified if self.resource else "the API"
        named = f"{what} {self.name}" if self.name else what
        return f"{named} in namespace {self.namespace}" if self.namespace else named

    @property
    def can_i(self) -> Kubectl:
        """The command that shows whether the user may do this."""
        resource = self.resource.qualified if self.resource else "*"
        return Kubectl("auth", "can-i", self.verb, resource, namespace=self.namespace)


def api_error(code: int, status: Object, request: Request) -> ApiError:
    """The error for an answer with HTTP status *code* and the `Status` object in its body."""
    message = str(status.get("message") or status.get("reason") or f"HTTP {code}")
    what = f"cannot {request.verb} {request.subject}: {message}"
    if code == 401:
        return Unauthorized(
            f"the cluster does not accept the credentials of context {request.context}: {message}",
            hint=Hint("they may have expired: log in again, then try ", Kubectl("get", "ns")),
        )
    if code == 403 and RBAC_REFUSAL.search(message):
        return Forbidden(what, hint=Hint("check with ", request.can_i, ", or ask for the permission"))
    if code == 404:
        return NotFound(what)
    if code == 409:
        return Conflict(what)
    if code == 410:
        return Expired(what)
    if code == 429:
        return ApiError(what, hint="the API server is overloaded or limits this client: try again later")
    if code in (400, 403, 422) or "webhook" in message:
        return Rejected(what, hint=refusal_hint(message))
    return ApiError(what)


def refusal_hint(message: str) -> Hint | str | None:
    """What helps when the cluster refuses an object with *message*, if we know."""
    if "violates PodSecurity" in message:
        return (
            "Istio's init container needs NET_ADMIN: install Istio's CNI plugin, or relax the namespace's "
            "pod-security.kubernetes.io/enforce label"
        )
    if "exceeded quota" in message:
        return "a restart needs room for old and new pods at once: raise the ResourceQuota, or use `up --servers N`"
    if "failed calling webhook" in message:
        pods = Kubectl("get", "pods", namespace="istio-system")
        return Hint(
            "the injector does not answer: see ", pods, ", and whether the API server may reach it (port 15017)"
        )
    if "denied the request" in message:
        return "a policy of this cluster forbids it: its message says which"
    return None


@contextmanager
def connection_errors(server: str) -> Iterator[None]:
    """Turn what aiohttp raises when *server* cannot be talked to into `Unreachable`."""
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise Unreachable(
            f"the certificate of {server} is not accepted: {error}",
            hint="check certificate-authority-data in the kubeconfig",
        ) from error
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(
            f"the API server {server} cannot be reached: {error.os_error.strerror or error.os_error}",
            hint=Hint("is the cluster running? ", Kubectl("cluster-info"), " should answer; `--context` names another"),
        ) from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Unreachable(f"the connection to {server} broke: {error or type(error).__name__}") from error
    except asyncio.TimeoutError as error:
        raise Unreachable(f"the API server {server} did not answer in time") from error
