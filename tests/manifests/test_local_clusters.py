"""What tells that a cluster is on this machine: its entry in the kubeconfig, and its nodes."""

from typing import Any

import pytest

from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster, by_name, by_node

ENTRIES = {
    "kind-kind": LocalCluster(ClusterKind.KIND, "kind"),
    "kind-a-b": LocalCluster(ClusterKind.KIND, "a-b"),
    "k3d-demo": LocalCluster(ClusterKind.K3D, "demo"),
    "minikube": LocalCluster(ClusterKind.MINIKUBE, "minikube"),
    "docker-desktop": LocalCluster(ClusterKind.SHARED, "docker-desktop"),
    "docker-for-desktop-cluster": LocalCluster(ClusterKind.SHARED, "docker-for-desktop"),
    "rancher-desktop": LocalCluster(ClusterKind.SHARED, "rancher-desktop"),
    "orbstack": LocalCluster(ClusterKind.SHARED, "orbstack"),
    "colima": LocalCluster(ClusterKind.SHARED, "colima"),
    "colima-work": LocalCluster(ClusterKind.SHARED, "colima-work"),
    "kind": None,
    "kind-": None,
    "mankind-1": None,
    "minikube-like": None,
    "colimator": None,
    "gke_project_zone_name": None,
    "": None,
}


@pytest.mark.parametrize(("name", "cluster"), ENTRIES.items())
def test_the_name_of_an_entry_tells(name: str, cluster: LocalCluster | None) -> None:
    assert by_name(name) == cluster


def node(name: str, provider_id: str = "", **labels: str) -> dict[str, Any]:
    named = {key.replace("_", "/"): value for key, value in labels.items()}
    return {"metadata": {"name": name, "labels": named}, "spec": {"providerID": provider_id} if provider_id else {}}


NODES = [
    (node("x-control-plane", "kind://docker/x/x-control-plane"), LocalCluster(ClusterKind.KIND, "x")),
    (node("a-b-worker2", "kind://podman/a-b/a-b-worker2"), LocalCluster(ClusterKind.KIND, "a-b")),
    (node("k3d-a-b-server-0", "k3s://k3d-a-b-server-0"), LocalCluster(ClusterKind.K3D, "a-b")),
    (node("k3d-x-agent-11", "k3s://k3d-x-agent-11"), LocalCluster(ClusterKind.K3D, "x")),
    (node("m02", **{"minikube.k8s.io_name": "team"}), LocalCluster(ClusterKind.MINIKUBE, "team")),
    (node("desktop-control-plane", "kind://docker/desktop/desktop-control-plane"), ClusterKind.SHARED),
    (node("docker-desktop"), LocalCluster(ClusterKind.SHARED, "docker-desktop")),
    (node("lima-rancher-desktop", "k3s://lima-rancher-desktop"), LocalCluster(ClusterKind.SHARED, "rancher-desktop")),
    (node("colima-work", "k3s://colima-work"), LocalCluster(ClusterKind.SHARED, "colima-work")),
    (node("orbstack"), LocalCluster(ClusterKind.SHARED, "orbstack")),
    (node("ip-10-0-0-1", "aws:///eu-west-1a/i-0123456789abcdef0"), None),
    (node("kind-like", "k3s://server-1"), None),
    (node("bare"), None),
]


@pytest.mark.parametrize(("obj", "cluster"), NODES)
def test_a_node_tells(obj: dict[str, Any], cluster: LocalCluster | ClusterKind | None) -> None:
    told = by_node(obj)
    assert (told.kind if told and isinstance(cluster, ClusterKind) else told) == cluster
