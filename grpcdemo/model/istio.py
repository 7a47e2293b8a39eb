"""Which injectors a cluster has, and what they would do to a new pod."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.model.pods import Pod, Workload


@dataclass(frozen=True)
class ServiceReference:
    """A Service and its namespace: `istio-system/istiod`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Injector:
    """A sidecar injector: one revision of Istio's mutating webhook."""

    revision: str
    service: ServiceReference | None
    """None if the webhook calls a URL."""
    ready: bool | None
    """Whether the Service has a ready endpoint; None if that could not be read."""


@dataclass(frozen=True)
class Injection:
    """What Istio would do to a new pod of the demo, given the namespace's labels."""

    injectors: tuple[Injector, ...] | None
    """Every injector in the cluster; None if the webhooks could not be read."""
    labels: dict[str, str]
    """The namespace's labels that injectors select."""
    revision: str | None
    """The revision that would inject, if any."""
    ambient: bool
    """The namespace is in Istio's ambient mode, which has no sidecars."""


@dataclass(frozen=True)
class IstioStatus:
    """What `istio status` shows."""

    namespace: str
    injection: Injection
    versions: tuple[str, ...] | None
    """Versions of the running control planes; None if they could not be read."""
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]
    sandbox: bool = False
    """The sandbox injects the proxies, not Istio."""
