"""Every answer that is no success, and every way in which a connection fails, becomes a GrpcdemoError."""

import asyncio
import re
import socket
import ssl
from typing import Any

import aiohttp
import aiohttp_socks
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from grpcdemo.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    NoDryRun,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
)
from grpcdemo.kube.access.connection_errors import connection_errors
from grpcdemo.kube.access.proxies import Proxy
from grpcdemo.kube.client.errors import api_error
from grpcdemo.kube.client.request import Request
from grpcdemo.resources.resource import DEPLOYMENTS, MUTATING_WEBHOOKS, NAMESPACES, PODS

REQUEST = Request("create", PODS, "demo", "p")
RBAC = 'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "demo"'
RBAC_PATH = 'forbidden: User "jane" cannot get path "/version"'
POD_SECURITY = 'pods "p" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities'
QUOTA = 'pods "p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3'
TERMINATING = 'pods "p" is forbidden: unable to create new content in namespace demo because it is being terminated'
NO_INJECTOR = (
    'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": '
    'Post "https://istiod.istio-system.svc:443/inject?timeout=10s": no endpoints available for service "istiod"'
)
POLICY = 'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/demo/p cannot run as root'

ANSWERS: list[tuple[int, str, type[ApiError], str | None]] = [
    (400, "container is waiting to start", Rejected, None),
    (401, "Unauthorized", Unauthorized, "log in again"),
    (403, RBAC, Forbidden, "can-i create pods --namespace demo"),
    (403, RBAC_PATH, Forbidden, "can-i"),
    (403, POD_SECURITY, Rejected, "CNI"),
    (403, QUOTA, Rejected, "ResourceQuota"),
    (403, TERMINATING, Rejected, None),
    (403, POLICY, Rejected, "policy"),
    (400, 'admission webhook "w" does not support dry run', NoDryRun, "omit --dry-run"),
    (404, 'pods "p" not found', NotFound, None),
    (404, POLICY, Rejected, "policy"),  # a webhook refuses with a code of its own
    (405, "the server does not allow this method", ApiError, None),
    (409, 'pods "p" already exists', Conflict, None),
    (410, "too old resource version: 1 (2)", Expired, None),
    (413, "request is too large", ApiError, None),
    (422, 'Pod "p" is invalid: spec.containers: Required value', Rejected, None),
    (429, "too many requests", ApiError, "try again later"),
    (500, NO_INJECTOR, Rejected, "15017"),
    (500, "etcdserver: leader changed", ApiError, None),
    (503, "the server is currently unable to handle the request", ApiError, None),
    (504, "request did not complete within the allotted timeout", ApiError, None),
]


@pytest.mark.parametrize(("code", "message", "kind", "hint"), ANSWERS)
def test_an_answer_becomes_an_error(code: int, message: str, kind: type[ApiError], hint: str | None) -> None:
    error = api_error(code, {"kind": "Status", "message": message}, REQUEST, "kind-kind")
    assert type(error) is kind
    assert message in error.message
    assert hint is None or hint in str(error.hint)


def test_an_answer_says_what_was_asked_for() -> None:
    assert "cannot create pods p in namespace demo" in api_error(404, {}, REQUEST, "kind-kind").message
    assert "HTTP 404" in api_error(404, {}, REQUEST, "kind-kind").message
    assert "Gone" in api_error(410, {"reason": "Gone"}, REQUEST, "kind-kind").message


NO_NAMESPACES = 'namespaces "demo" is forbidden: User "jane" cannot {} resource "namespaces" in API group ""'
LABELS = {"istio-injection": "disabled", "istio.io/rev": None}


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        (
            Request("create", NAMESPACES, name="demo"),
            "choose an existing namespace that you may use with --namespace, or check with "
            "`kubectl auth can-i create namespaces`",
        ),
        (Request("get", NAMESPACES, name="demo"), "--namespace, or check with `kubectl auth can-i get namespaces`"),
        (
            Request("patch", NAMESPACES, name="demo", body={"metadata": {"labels": LABELS, "resourceVersion": "1"}}),
            "ask someone with this permission to run "
            "`kubectl label namespace demo istio-injection=disabled istio.io/rev- --overwrite`",
        ),
    ],
)
def test_without_a_right_to_namespaces_there_is_another_way(request_: Request, hint: str) -> None:
    error = api_error(403, {"message": NO_NAMESPACES.format(request_.verb)}, request_, "kind-kind")
    assert type(error) is Forbidden
    assert hint in str(error.hint)


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (Request("list", DEPLOYMENTS), "kubectl auth can-i list deployments.apps"),
        (Request("patch", DEPLOYMENTS, "n", "d"), "kubectl auth can-i patch deployments.apps --namespace n"),
        (
            Request("list", MUTATING_WEBHOOKS),
            "can-i list mutatingwebhookconfigurations.admissionregistration.k8s.io",
        ),
        (Request("get", PODS, "n", "p", "log"), "kubectl auth can-i get pods --subresource=log --namespace n"),
        (Request("get", about="/apis"), "kubectl auth can-i get /apis"),
    ],
)
def test_the_hint_of_a_forbidden_request_is_the_command_that_shows_it(request_: Request, command: str) -> None:
    assert command in request_.can_i.text()
    assert request_.can_i.text() in str(api_error(403, {"message": RBAC}, request_, "kind-kind").hint)


KEY = ConnectionKey("127.0.0.1", 6443, True, True, None, None, None)
REFUSED = ConnectionRefusedError(111, "Connection refused")
UNKNOWN = socket.gaierror(-2, "Name or service not known")
ASKED = aiohttp.RequestInfo(URL("https://c:6443/"), "GET", CIMultiDictProxy(CIMultiDict()), URL("https://c:6443/"))
BUILT: dict[str, Any] = {
    "ClientConnectorCertificateError": lambda kind: kind(KEY, ssl.SSLCertVerificationError("self-signed")),
    "ClientResponseError": lambda kind: kind(ASKED, ()),
    "InvalidURL": lambda kind: kind("not a url"),
    "ServerDisconnectedError": lambda kind: kind(),
    "ServerFingerprintMismatch": lambda kind: kind(b"a", b"b", "h", 1),
    "UnixClientConnectorError": lambda kind: kind("/sock", KEY, REFUSED),
}
"""How to make the errors that want something else than a text; a subclass is made as its parent is."""


def families(of: type[Exception]) -> list[type[Exception]]:
    return [of, *(kind for child in of.__subclasses__() for kind in families(child))]


def built(kind: type[Exception]) -> Exception:
    for parent in kind.__mro__:
        if parent.__name__ in BUILT:
            return BUILT[parent.__name__](kind)  # type: ignore[no-any-return]  # a table of untyped constructors
    if issubclass(kind, aiohttp.ClientConnectorError):
        return kind(KEY, REFUSED)
    return kind("broken")


@pytest.mark.parametrize(
    "error",
    [
        *(built(kind) for kind in families(aiohttp.ClientError)),
        asyncio.TimeoutError(),
        aiohttp_socks.ProxyConnectionError("Couldn't connect to proxy"),
        aiohttp_socks.ProxyError("Host unreachable"),
        aiohttp_socks.ProxyTimeoutError("Proxy connection timed out"),
        ConnectionResetError(104, "Connection reset by peer"),
        BrokenPipeError(32, "Broken pipe"),
        ssl.SSLError(1, "wrong version number"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_failing_connection_is_left_unmapped(error: Exception) -> None:
    with pytest.raises(Unreachable, match="https://c:6443") as caught, connection_errors("https://c:6443"):
        raise error
    assert caught.value.__cause__ is error
    assert "\n" not in caught.value.message


def test_a_refused_connection_and_a_foreign_certificate_are_told_apart() -> None:
    with pytest.raises(Unreachable, match="Connection refused") as refused, connection_errors("https://c:6443"):
        raise aiohttp.ClientConnectorError(KEY, REFUSED)
    assert "cluster-info" in str(refused.value.hint)
    with pytest.raises(Unreachable, match="certificate") as foreign, connection_errors("https://c:6443"):
        raise aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))
    assert "certificate-authority-data" in str(foreign.value.hint)


def test_a_mistake_of_our_own_is_no_connection_error() -> None:
    with pytest.raises(KeyError), connection_errors("https://c:6443"):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (aiohttp.ClientProxyConnectionError(KEY, REFUSED), "cannot be reached: Connection refused"),
        (aiohttp.ClientConnectorDNSError(KEY, UNKNOWN), "to the API server https://c:6443 cannot be reached: Name"),
        (aiohttp.ClientHttpProxyError(ASKED, (), status=407, message="Who are you?"), "407 Who are you?"),
        (aiohttp_socks.ProxyError("Host unreachable"), "did not connect to the API server https://c:6443: Host"),
        (aiohttp.ClientConnectorError(KEY, REFUSED), "through the proxy http://proxy:3128"),
        (aiohttp.ServerDisconnectedError(), "through the proxy http://proxy:3128"),
        (asyncio.TimeoutError(), "through the proxy http://proxy:3128"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_through_a_proxy_names_it_without_its_password(error: Exception, said: str) -> None:
    proxy = Proxy("http://me:canary@proxy:3128", "HTTPS_PROXY")
    with pytest.raises(Unreachable, match=re.escape(said)) as failed, connection_errors("https://c:6443", proxy):
        raise error
    assert "proxy http://proxy:3128 (HTTPS_PROXY)" in failed.value.message
    assert "canary" not in failed.value.message


@pytest.mark.parametrize(
    ("source", "advice"), [("https_proxy", "add c to NO_PROXY"), ("proxy-url of cluster c", "proxy-url in the kube")]
)
def test_a_proxy_that_is_down_is_found_where_it_is_named(source: str, advice: str) -> None:
    with pytest.raises(Unreachable) as failed, connection_errors("https://c:6443", Proxy("http://proxy", source)):
        raise aiohttp.ClientProxyConnectionError(KEY, REFUSED)
    assert advice in str(failed.value.hint)
