"""Where a pod has its metrics, as the user, its annotations or its container ports say."""

from typing import Any

import pytest

from grpcdemo.resources.metrics_ports import MetricsPort, annotated_port, parse_metrics_port, usual_port
from grpcdemo.resources.objects import Object


def pod(*ports: Object, **annotations: str) -> Object:
    prefixed = {f"prometheus.io/{name}": value for name, value in annotations.items()}
    return {
        "metadata": {"name": "cart-1", "annotations": prefixed},
        "spec": {"containers": [{"name": "log"}, {"name": "cart", "ports": list(ports)}]},
    }


GRPC, METRICS = {"name": "grpc", "containerPort": 50051}, {"name": "metrics", "containerPort": 9090}
OTHER = {"name": "prometheus", "containerPort": 9091}


def asked(of: Object) -> Any:
    port = annotated_port(of) or usual_port(of)
    return port and (port.number_in(of), port.path)


@pytest.mark.parametrize(
    ("of", "where"),
    [
        (pod(GRPC), None),
        (pod(GRPC, METRICS), (9090, "/metrics")),
        (pod(OTHER, METRICS), (9090, "/metrics")),
        (pod(OTHER), (9091, "/metrics")),
        (pod(METRICS, path="/actuator/prometheus"), (9090, "/actuator/prometheus")),
        (pod(METRICS, port="15020", path="/stats/prometheus"), (15020, "/stats/prometheus")),
        (pod(METRICS, port="9464", path="q/metrics?x=1"), (9464, "/q/metrics?x=1")),
        (pod(OTHER, port="prometheus"), (9091, "/metrics")),
        (pod(GRPC, port="http"), (None, "/metrics")),
        (pod(METRICS, port="none, yet"), (9090, "/metrics")),
        (pod(METRICS, path="/a b"), None),
    ],
)
def test_what_a_pod_says(of: Object, where: object) -> None:
    assert asked(of) == where


ANNOTATED = {"name": "ISTIO_PROMETHEUS_ANNOTATIONS", "value": '{"scrape":"true","path":"","port":"9090"}'}


@pytest.mark.parametrize("is_native", [False, True])
@pytest.mark.parametrize(
    ("env", "where"), [([ANNOTATED], (15020, "/stats/prometheus?filter=%5E%24")), ([], (9091, "/metrics"))]
)
def test_what_istios_agent_merges(env: list[Object], where: object, is_native: bool) -> None:
    """The application's metrics without Envoy's; nothing of it if the pod had no annotations before the injection."""
    merged = pod(OTHER, port="15020", path="/stats/prometheus")
    sidecar = {"name": "istio-proxy", "restartPolicy": "Always", "env": env}
    spec = merged["spec"]
    added = {"initContainers": [sidecar]} if is_native else {"containers": [*spec["containers"], sidecar]}
    assert asked({**merged, "spec": {**spec, **added}}) == where


def test_what_the_user_says() -> None:
    assert parse_metrics_port("9090") == MetricsPort("9090", "/metrics")
    assert parse_metrics_port("9090/") == MetricsPort("9090", "/")
    named = parse_metrics_port("grpc/actuator/prometheus")
    assert (named.number_in(pod(GRPC)), named.number_in(pod()), named.path) == (50051, None, "/actuator/prometheus")
    for wrong in ("", "/metrics", "0", "65536", "-1.5", "Metrics", "²", "9090/a b", "9090/\r\n"):
        with pytest.raises(ValueError, match="is no"):
            parse_metrics_port(wrong)


def test_https() -> None:
    ports = [annotated_port(pod(port="9090", scheme=scheme)) for scheme in ("https", "HTTPS", "http")]
    assert [port.is_https for port in [*ports, annotated_port(pod(port="9090"))] if port] == [True, True, False, False]
    by_name = usual_port(pod(METRICS, scheme="https"))
    assert by_name
    assert by_name.is_https
