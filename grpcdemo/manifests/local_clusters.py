"""The clusters on this machine, each with the program that runs it and that gives it images.

A context can be renamed. What tells is the name of the cluster's entry in the kubeconfig, which that program chose,
and what the nodes say of themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from grpcdemo.resources.objects import Object, labels_of


class ClusterKind(Enum):
    """How a cluster on this machine gets its images."""

    KIND = "kind"
    MINIKUBE = "minikube"
    K3D = "k3d"
    SHARED = "shared"
    """It runs the images of the container engine that it belongs to."""


@dataclass(frozen=True)
class LocalCluster:
    """A cluster as its own program knows it."""

    kind: ClusterKind
    name: str


NAMES = {
    ClusterKind.KIND: r"kind-(.+)",
    ClusterKind.K3D: r"k3d-(.+)",
    ClusterKind.MINIKUBE: r"(minikube)",
    ClusterKind.SHARED: r"(docker-desktop|docker-for-desktop|rancher-desktop|orbstack|colima(?:-.+)?)(?:-cluster)?",
}
"""Of a cluster's entry."""
PROVIDER_IDS = {
    ClusterKind.SHARED: r"kind://docker/(desktop)/.+",
    ClusterKind.KIND: r"kind://[^/]+/([^/]+)/.+",
    ClusterKind.K3D: r"k3s://k3d-(.+)-(?:server|agent)-[0-9]+",
}
"""Of a node. Docker Desktop may run its cluster with kind, and then names it so."""
NODE_NAMES = r"(?:lima-)?(docker-desktop|rancher-desktop|orbstack|colima(?:-.+)?)"
MINIKUBE_PROFILE = "minikube.k8s.io/name"
"""A label of minikube's nodes."""


def by_name(name: str) -> LocalCluster | None:
    """The cluster whose entry is called *name*, if the name tells."""
    return _match(NAMES, name)


def by_node(node: Object) -> LocalCluster | None:
    """The cluster of *node*, if the node tells."""
    if profile := labels_of(node).get(MINIKUBE_PROFILE):
        return LocalCluster(ClusterKind.MINIKUBE, profile)
    return _match(PROVIDER_IDS, node.get("spec", {}).get("providerID", "")) or _match(
        {ClusterKind.SHARED: NODE_NAMES}, node["metadata"]["name"]
    )


def _match(patterns: dict[ClusterKind, str], text: str) -> LocalCluster | None:
    matches = ((kind, re.fullmatch(pattern, text)) for kind, pattern in patterns.items())
    return next((LocalCluster(kind, match[1]) for kind, match in matches if match), None)
