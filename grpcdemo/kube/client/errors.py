"""Turn rejected requests into our errors: the only place.

[connection_errors.py](../access/connection_errors.py) does it with failed connections.
"""

from __future__ import annotations

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
)
from grpcdemo.kube.advice import advise_on_refusal
from grpcdemo.kube.client.request import Request
from grpcdemo.kube.messages import Refuser, is_missing_permission, read_refusal
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES


def api_error(code: int, status: Object, request: Request, context: str) -> ApiError:
    """The error for an answer with HTTP status *code* and the `Status` object in its body; *context* names the user."""
    message = str(status.get("message") or status.get("reason") or f"HTTP {code}")
    what = f"cannot {request.verb} {request.subject}: {message}"
    if code == 401:
        return Unauthorized(
            f"the cluster rejects the credentials of context {context}: {message}",
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
        return ApiError(what, hint="the API server is overloaded or throttles this client: try again later")
    if code in (400, 403, 422):
        return Rejected(what)
    return ApiError(what)


def not_kubernetes(server: str) -> ApiError:
    """The error for an answer that no Kubernetes API gives."""
    return ApiError(
        f"{server} is not a Kubernetes API server",
        hint="check the server's address in the kubeconfig, and whether a proxy is in between",
    )


def _advise_on_permission(request: Request) -> Hint:
    """How to check and, for a namespace, how to do without."""
    if request.resource != NAMESPACES:
        return Hint("check with ", request.can_i, ", or ask for the permission")
    if request.verb != "patch" or request.name is None or request.body is None:
        return Hint("choose an existing namespace that you may use with --namespace, or check with ", request.can_i)
    labels = request.body["metadata"].get("labels") or {}
    changes = [f"{key}-" if value is None else f"{key}={value}" for key, value in labels.items()]
    label = Kubectl("label", "namespace", request.name, *changes, "--overwrite")
    return Hint("ask someone with this permission to run ", label, ", or check with ", request.can_i)
