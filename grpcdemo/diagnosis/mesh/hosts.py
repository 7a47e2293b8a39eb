"""How objects of Istio name a Service, and who may see them."""

from __future__ import annotations

from collections.abc import Sequence

from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import CLUSTER_DOMAIN


def qualify(host: str, namespace: str) -> str:
    """A name without dots means a Service of the object's own namespace; every other is complete."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.{CLUSTER_DOMAIN}"


def matches(pattern: str, host: str) -> bool:
    """Whether a complete name or a wildcard (`*`, `*.example.com`) is about *host*."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return pattern == host


def names_service(scene: Scene, obj: Object, host: str) -> bool:
    return matches(qualify(host, obj["metadata"]["namespace"]), scene.host)


def is_visible(obj: Object, namespace: str) -> bool:
    """Whether the object is exported to *namespace*."""
    return exports(obj.get("spec", {}).get("exportTo") or ["*"], obj["metadata"]["namespace"], namespace)


def exports(export_to: Sequence[str], own: str, namespace: str) -> bool:
    return any(word == "*" or word == namespace or (word == "." and own == namespace) for word in export_to)


def search_path(scene: Scene) -> list[str]:
    """Where what applies to the client's calls is looked for, the first namespace with any wins."""
    return [*dict.fromkeys((scene.caller_namespace, scene.namespace, ROOT_NAMESPACE))]


def selects_callers(scene: Scene, selector: Object | None) -> bool:
    """Whether a `workloadSelector` (labels, or matchLabels) is for the client; without one it is for everybody."""
    labels = (selector or {}).get("labels") or (selector or {}).get("matchLabels") or {}
    return not labels or any(labels.items() <= labels_of(pod).items() for pod in scene.callers)
