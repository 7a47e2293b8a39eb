"""The images' names, and the command that helps where a cluster cannot get one."""

import pytest

from grpcdemo import __version__
from grpcdemo.errors import ExitCode, UsageError
from grpcdemo.manifests.images import (
    CLIENT_IMAGE,
    SERVER_IMAGE,
    image_reference,
    parse_prefix,
    pull_hint,
)
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster

LOCAL = image_reference(SERVER_IMAGE)
KIND, SHARED = (LocalCluster(kind, "demo") for kind in (ClusterKind.KIND, ClusterKind.SHARED))


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
    ("image", "cluster", "hint"),
    [
        (LOCAL, KIND, "run `grpcdemo images build` and then `grpcdemo images load`"),
        (LOCAL, SHARED, "run `grpcdemo images build`"),
        (
            LOCAL,
            None,
            "run `grpcdemo images build`, then `grpcdemo images push PREFIX`, and give `--image-prefix PREFIX` to `up`",
        ),
        (
            image_reference(CLIENT_IMAGE, "r.example.com/team"),
            KIND,
            "run `grpcdemo images push r.example.com/team`, or name another registry with `--image-prefix`; "
            "a private one needs an imagePullSecret",
        ),
    ],
)
def test_the_hint_is_the_command_that_helps_there(image: str, cluster: LocalCluster | None, hint: str) -> None:
    assert pull_hint(image, cluster) == hint


@pytest.mark.parametrize("image", [LOCAL, "r.example.com/grpcdemo-server:1", "busybox", "r.example.com:5000/other:2"])
@pytest.mark.parametrize("cluster", [KIND, SHARED, None])
def test_there_is_a_hint_of_one_line_for_everything(image: str, cluster: LocalCluster | None) -> None:
    hint = pull_hint(image, cluster)
    assert hint
    assert "\n" not in hint
