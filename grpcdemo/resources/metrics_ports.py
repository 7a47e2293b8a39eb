"""Where a pod has its metrics: as the user says, or by the annotations that Prometheus' own examples look for.

In a pod with Istio's sidecar, the injector sets these annotations to its agent. That answers with its own metrics,
those of Envoy, and those of the application if the pod had such annotations before; a variable of the agent has these
then. A query is passed on to Envoy alone. So do `applyPrometheusMerge` and `handleStats` in Istio's source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

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

    def number_in(self, pod: Object) -> int | None:
        """None if no container of the *pod* names such a port."""
        return int(self.port) if self.port.isdigit() else _number_of(pod, (self.port,))


def parse_metrics_port(text: str) -> MetricsPort:
    """*text* is PORT or PORT/PATH. Raises ValueError."""
    port, slash, path = text.partition("/")
    if not re.fullmatch("[a-z0-9-]{1,15}", port) or (port.isdigit() and not 0 < int(port) < 1 << 16):
        raise ValueError(f"{port!r} is no port's number or name")
    if not re.fullmatch(r"[!-~]*", path):
        raise ValueError(f"{path!r} is no path")
    return MetricsPort(port, f"/{path}" if slash else USUAL_PATH)


def metrics_port_of(pod: Object) -> MetricsPort | None:
    """As the pod itself says."""
    annotations = annotations_of(pod)
    port, path = annotations.get(PORT), annotations.get(PATH) or USUAL_PATH
    if path == AGENT_PATH and (sidecar := proxy_container(pod)):
        has_own = any(variable["name"] == MERGED for variable in sidecar.get("env") or [])
        port, path = (port, path + NO_ENVOY) if has_own else (None, USUAL_PATH)
    where = port or _number_of(pod, USUAL_NAMES)
    try:
        return parse_metrics_port(f"{where}/{path.removeprefix('/')}") if where else None
    except ValueError:
        return None


def needs_https(pod: Object) -> bool:
    return annotations_of(pod).get(SCHEME, "").lower() == "https"


def _number_of(pod: Object, names: Iterable[str]) -> int | None:
    """Of the container port with the first of these *names* that there is."""
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    numbers = {port.get("name"): int(port["containerPort"]) for port in reversed(ports)}
    return next((numbers[name] for name in names if name in numbers), None)
