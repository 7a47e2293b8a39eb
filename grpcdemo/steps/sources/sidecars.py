"""Which pods have a sidecar whose counters can be read, and where."""

from __future__ import annotations

from grpcdemo.diagnosis.proxies import LINKERD_CONTAINER, Proxy, proxy_in
from grpcdemo.resources.istio import ADMIN_PORT
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pod_status import sidecars_of
from grpcdemo.steps.sources.pages import Page

LINKERD_ADMIN, LINKERD_ADMIN_NAME = 4191, "linkerd-admin"
"""The usual number of the port, and its name whatever the number."""
WITHOUT = "it has no sidecar"
"""Why nobody counts the requests of a pod."""


def has_envoy(pod: Object) -> bool:
    """Istio's sidecar."""
    return proxy_in(pod, {}) is Proxy.SIDECAR


def admin_page(path: str) -> Page:
    """Of Istio's sidecar."""
    return Page(ADMIN_PORT, path, "its sidecar", "the admin of an Envoy")


def linkerd_page(pod: Object) -> Page | None:
    """The metrics of Linkerd's proxy; None if the pod has none."""
    if proxy_in(pod, {}) is not Proxy.LINKERD:
        return None
    containers = (*sidecars_of(pod), *pod["spec"]["containers"])
    ports = [port for one in containers if one["name"] == LINKERD_CONTAINER for port in one.get("ports") or []]
    number = next((port["containerPort"] for port in ports if port.get("name") == LINKERD_ADMIN_NAME), LINKERD_ADMIN)
    return Page(number, "/metrics", "its proxy", "the admin of Linkerd's proxy")
