"""The images' names, and the command that helps where a cluster cannot get one."""

import pytest

from grpcdemo import __version__
from grpcdemo.errors import ExitCode, UsageError
from grpcdemo.manifests.images import (
    CLIENT_IMAGE,
    SERVER_IMAGE,
    ClusterKind,
    cluster_kind,
    image_reference,
    parse_prefix,
    pull_hint,
)

LOCAL = image_reference(SERVER_IMAGE)
CONTEXTS = {
    "kind-kind": ClusterKind.KIND,
    "kind-a-b": ClusterKind.KIND,
    "k3d-demo": ClusterKind.K3D,
    "minikube": ClusterKind.MINIKUBE,
    "docker-desktop": ClusterKind.SHARED,
    "rancher-desktop": ClusterKind.SHARED,
    "orbstack": ClusterKind.SHARED,
    "colima": ClusterKind.SHARED,
    "colima-work": ClusterKind.SHARED,
    "kind": None,
    "mankind-1": None,
    "minikube-like": None,
    "gke_project_zone_name": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("context", "kind"), CONTEXTS.items())
def test_the_kind_of_cluster_is_told_by_the_context(context: str | None, kind: ClusterKind | None) -> None:
    assert cluster_kind(context) is kind


def test_names_are_local_by_default() -> None:
    assert image_reference(SERVER_IMAGE) == f"localhost/grpcdemo-server:{__version__}"
    assert image_reference(CLIENT_IMAGE) == f"localhost/grpcdemo-client:{__version__}"


@pytest.mark.parametrize(
    "prefix", ["registry.example.com/team", "registry.example.com/team/", "registry:5000", "10.0.0.1:5000/a/b_c", "me"]
)
def test_a_prefix_takes_the_place_of_localhost(prefix: str) -> None:
    assert image_reference(SERVER_IMAGE, prefix) == f"{prefix.rstrip('/')}/grpcdemo-server:{__version__}"


@pytest.mark.parametrize(
    ("prefix", "flaw"),
    {
        "https://registry.example.com/team": "scheme",
        "registry.example.com/Team": "upper-case",
        "registry.example.com/team:1.0": "tag",
        "registry.example.com/team@sha256:00": "digest",
        "registry.example.com//team": "not a registry and a path",
        "a b": "not a registry and a path",
        "-a": "not a registry and a path",
        "": "not a registry and a path",
        "/": "not a registry and a path",
    }.items(),
)
def test_a_prefix_that_cannot_be_is_refused_with_the_reason(prefix: str, flaw: str) -> None:
    with pytest.raises(UsageError, match=flaw) as caught:
        parse_prefix(prefix)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


@pytest.mark.parametrize(
    ("image", "context", "hint"),
    [
        (LOCAL, "kind-demo", "run `grpcdemo images build` and then `grpcdemo images load`"),
        (LOCAL, "k3d-demo", "run `grpcdemo images build` and then `grpcdemo images load`"),
        (LOCAL, "minikube", "run `grpcdemo images build` and then `grpcdemo images load`"),
        (LOCAL, "docker-desktop", "run `grpcdemo images build`"),
        (
            LOCAL,
            "prod",
            "run `grpcdemo images build`, then `grpcdemo images push PREFIX`, and give `--image-prefix PREFIX` to `up`",
        ),
        (
            image_reference(CLIENT_IMAGE, "r.example.com/team"),
            "prod",
            "run `grpcdemo images push r.example.com/team`, or give the cluster an imagePullSecret if the registry "
            "is private",
        ),
    ],
)
def test_the_hint_is_the_command_that_helps_there(image: str, context: str, hint: str) -> None:
    assert pull_hint(image, context) == hint


@pytest.mark.parametrize("image", [LOCAL, "r.example.com/grpcdemo-server:1", "busybox", "r.example.com:5000/other:2"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_there_is_a_hint_of_one_line_for_everything(image: str, context: str | None) -> None:
    hint = pull_hint(image, context)
    assert hint
    assert "\n" not in hint
