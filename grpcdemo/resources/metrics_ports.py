"""Where a pod has its metrics: as the user says, or by the annotations in Prometheus' own examples.

In a pod with Istio's sidecar, the injector sets these annotations to its agent. That answers with its own metrics,
those of Envoy, and those of the application if the pod had such annotations before; a variable of the agent has these
then. A query is passed on to Envoy alone. So do `applyPrometheusMerge` and `handleStats` in Istio's source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.pods import proxy_container

PORT, PATH, SCHEME = "prometheus.io/port", "prometheus.io/path", "prometheus.io/scheme"
USUAL_NAMES = ("metrics", "http-metrics", "prometheus")
"""Of a container port."""
USUAL_PATH = "/metrics"
AGENT_PATH, MERGED = "/stats/prometheus", "ISTIO_PROMETHEUS_ANNOTATIONS"
NO_ENVOY = "?filter=%5E%24"
"""No statistic of Envoy, which may be many megabytes, has an empty name. Agents before Istio 1.24 do not pass it on."""


@dataclass(frozen=True)
class MetricsPort:
    """A port's number, or the name of a container port, and what is asked for there."""

    port: str
    path: str = USUAL_PATH
    is_https: bool = False

    def number_in(self, pod: Object) -> int | None:
        """None if no container of the *pod* names such a port."""
        return int(self.port) if self.port.isdigit() else _number_of(pod, (self.port,))


def parse_metrics_port(text: str) -> MetricsPort:
    """*text* is PORT or PORT/PATH. Raises ValueError."""
    port, slash, path = text.partition("/")
    if not re.fullmatch("[a-z0-9-]{1,15}", port) or (port.isdigit() and not 0 < int(port) < 1 << 16):
        raise ValueError(f"{port!r} is not a port number or name")
    if not re.fullmatch(r"[!-~]*", path):
        raise ValueError(f"{path!r} is not a path")
    return MetricsPort(port, f"/{path}" if slash else USUAL_PATH)


def annotated_port(pod: Object) -> MetricsPort | None:
    """The one that the *pod*'s annotations name."""
    port, path = _annotated(pod)
    return build_metrics_port(port, path, annotations_of(pod).get(SCHEME)) if port else None


def usual_port(pod: Object) -> MetricsPort | None:
    """The container port with a usual name."""
    number, (_, path) = _number_of(pod, USUAL_NAMES), _annotated(pod)
    return build_metrics_port(str(number), path, annotations_of(pod).get(SCHEME)) if number else None


def build_metrics_port(port: str, path: str | None, scheme: str | None) -> MetricsPort | None:
    """From what objects say; None if that is no port or path. Either may be left out."""
    try:
        parsed = parse_metrics_port(f"{port}/{(path or USUAL_PATH).removeprefix('/')}")
    except ValueError:
        return None
    return replace(parsed, is_https=(scheme or "").lower() == "https")


def _annotated(pod: Object) -> tuple[str | None, str | None]:
    """The port and the path."""
    annotations = annotations_of(pod)
    port, path = annotations.get(PORT), annotations.get(PATH)
    sidecar = proxy_container(pod)
    if path != AGENT_PATH or not sidecar:
        return port, path
    has_own = any(variable["name"] == MERGED for variable in sidecar.get("env") or [])
    return (port, path + NO_ENVOY) if has_own else (None, None)


def _number_of(pod: Object, names: Iterable[str]) -> int | None:
    """Of the container port with the first of these *names* that there is."""
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    numbers = {port.get("name"): int(port["containerPort"]) for port in reversed(ports)}
    return next((numbers[name] for name in names if name in numbers), None)
