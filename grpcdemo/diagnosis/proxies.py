"""Which proxy, if any, carries the calls of a pod."""

from __future__ import annotations

from enum import Enum

from grpcdemo.resources.istio import AMBIENT_LABEL, GRPC_AGENT, PROXY_CONTAINER, TEMPLATES
from grpcdemo.resources.objects import Object, annotations_of, labels_of
from grpcdemo.resources.pod_status import sidecars_of

LINKERD_CONTAINER = "linkerd-proxy"
OTHER_CONTAINERS = frozenset({"kuma-sidecar", "consul-dataplane", "envoy", "envoy-sidecar"})
"""Proxies of Kuma, Consul and App Mesh, of which no rule knows how they balance."""
CONTAINERS = frozenset({PROXY_CONTAINER, LINKERD_CONTAINER, *OTHER_CONTAINERS})
REDIRECTED = "ambient.istio.io/redirection"
"""Annotation that Istio's CNI plugin sets on a pod whose traffic goes through ztunnel."""


class Proxy(Enum):
    """What balances the calls of a pod."""

    SIDECAR = "Istio's sidecar"
    PROXYLESS = "gRPC's own xDS client"
    AMBIENT = "ztunnel"
    LINKERD = "Linkerd's proxy"
    OTHER = "a proxy that no rule knows"
    NONE = "no proxy"


def proxy_in(pod: Object, namespace_labels: dict[str, str]) -> Proxy:
    containers = {container["name"] for container in (*sidecars_of(pod), *pod["spec"]["containers"])}
    annotations = annotations_of(pod)
    if PROXY_CONTAINER in containers:
        return Proxy.PROXYLESS if GRPC_AGENT in annotations.get(TEMPLATES, "") else Proxy.SIDECAR
    if LINKERD_CONTAINER in containers:
        return Proxy.LINKERD
    if containers & OTHER_CONTAINERS:
        return Proxy.OTHER
    if annotations.get(REDIRECTED) == "enabled" or wants_ambient(pod, namespace_labels):
        return Proxy.AMBIENT
    return Proxy.NONE


def wants_ambient(pod: Object, namespace_labels: dict[str, str]) -> bool:
    """The pod's own label wins over its namespace's."""
    mode = labels_of(pod).get(AMBIENT_LABEL, namespace_labels.get(AMBIENT_LABEL))
    return mode == "ambient" and not pod["spec"].get("hostNetwork")
