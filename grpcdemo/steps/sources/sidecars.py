"""Which pods have a sidecar whose counters can be read, and where it is asked."""

from __future__ import annotations

from grpcdemo.diagnosis.proxies import Proxy, proxy_in
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.pages import Page

ADMIN_PORT = 15000
WITHOUT = "it has no sidecar"
"""Why nobody counts the requests of a pod."""


def has_envoy(pod: Object) -> bool:
    """Istio's sidecar: of the meshes that are known, only its counters are read."""
    return proxy_in(pod, {}) is Proxy.SIDECAR


def admin_page(path: str) -> Page:
    return Page(ADMIN_PORT, path, "its sidecar", "the admin of an Envoy")
