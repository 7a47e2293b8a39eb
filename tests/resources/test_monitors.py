"""Where PodMonitors and ServiceMonitors say that a pod has its metrics."""

from typing import Any

import pytest

from grpcdemo.resources.monitors import Monitors
from grpcdemo.resources.objects import Object

PROXIES = {"istio-proxy"}
PORTS = [{"name": "grpc", "containerPort": 50051}, {"name": "web", "containerPort": 8080}, {"containerPort": 9464}]
PROXY = {"name": "istio-proxy", "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]}
POD: Object = {
    "metadata": {"name": "cart-1", "namespace": "shop", "labels": {"app": "cart", "tier": "back"}},
    "spec": {"containers": [{"name": "cart", "ports": PORTS}, PROXY]},
}
SERVICE: Object = {
    "metadata": {"name": "cart", "namespace": "shop", "labels": {"team": "checkout"}},
    "spec": {
        "selector": {"app": "cart"},
        "ports": [{"name": "stats", "port": 80, "targetPort": "web"}, {"name": "same", "port": 9464}],
    },
}


def monitor(namespace: str = "shop", labels: dict[str, str] | None = None, **spec: Any) -> Object:
    return {"metadata": {"name": "m", "namespace": namespace}, "spec": {"selector": {"matchLabels": labels}, **spec}}


def by_pod(*endpoints: Object, **spec: Any) -> Monitors:
    return Monitors(pod_monitors=[monitor(podMetricsEndpoints=list(endpoints), **{"labels": {"app": "cart"}, **spec})])


def by_service(*endpoints: Object, **spec: Any) -> Monitors:
    labels = {"labels": {"team": "checkout"}}
    return Monitors(service_monitors=[monitor(endpoints=list(endpoints), **{**labels, **spec})], services=[SERVICE])


def where(monitors: Monitors, pod: Object = POD) -> list[tuple[int | None, str]]:
    return [(port.number_in(pod), port.path) for port in monitors.ports_of(pod, PROXIES)]


@pytest.mark.parametrize(
    ("endpoint", "number"),
    [
        ({"port": "web"}, 8080),
        ({"portNumber": 9464}, 9464),
        ({"targetPort": 9464}, 9464),
        ({"targetPort": "web"}, 8080),
        ({"port": "web", "portNumber": 9464}, 8080),
        ({"port": "none"}, None),
        ({"port": "http-envoy-prom"}, None),
        ({"portNumber": 15090}, None),
        ({"path": "/stats/prometheus"}, None),
    ],
)
def test_the_port_of_a_pod_monitor(endpoint: Object, number: int | None) -> None:
    """That of a proxy has nothing of the application."""
    assert [found for found, _ in where(by_pod(endpoint))] == ([number] if number else [])


@pytest.mark.parametrize(
    ("endpoint", "number"),
    [
        ({"port": "stats"}, 8080),
        ({"port": "same"}, 9464),
        ({"port": "web"}, None),
        ({"targetPort": "web"}, 8080),
        ({"targetPort": 9464}, 9464),
    ],
)
def test_the_port_of_a_service_monitor(endpoint: Object, number: int | None) -> None:
    """It names a port of the Service, or one of its pods."""
    assert [found for found, _ in where(by_service(endpoint))] == ([number] if number else [])


def test_path_and_scheme() -> None:
    monitors = by_pod({"port": "web", "path": "/q/metrics", "scheme": "HTTPS"}, {"port": "web", "path": "/a b"})
    (port,) = monitors.ports_of(POD, PROXIES)
    assert (port.path, port.is_https) == ("/q/metrics", True)
    assert where(by_pod({"port": "web"})) == [(8080, "/metrics")]


@pytest.mark.parametrize(
    ("selection", "is_selected"),
    [
        ({}, True),
        ({"labels": {"app": "web"}}, False),
        ({"namespace": "monitoring"}, False),
        ({"namespace": "monitoring", "namespaceSelector": {"any": True}}, True),
        ({"namespace": "monitoring", "namespaceSelector": {"matchNames": ["shop", "staging"]}}, True),
        ({"namespaceSelector": {"matchNames": ["staging"]}}, False),
        ({"selector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}}, True),
        ({"selector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}}, False),
    ],
)
def test_which_pods(selection: Any, is_selected: bool) -> None:
    assert bool(where(by_pod({"port": "web"}, **selection))) is is_selected


def test_which_services() -> None:
    assert not where(by_service({"port": "stats"}, labels={"team": "search"}))
    others = {**POD, "metadata": {**POD["metadata"], "labels": {"app": "web"}}}
    assert not where(by_service({"port": "stats"}), others)
