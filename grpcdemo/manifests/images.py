"""The images' names, and the command that helps a cluster that cannot pull one."""

from __future__ import annotations

import re
from enum import Enum

from grpcdemo import __version__
from grpcdemo.errors import UsageError

SERVER_IMAGE = "grpcdemo-server"
CLIENT_IMAGE = "grpcdemo-client"
IMAGES = (SERVER_IMAGE, CLIENT_IMAGE)
LOCAL_PREFIX = "localhost"
"""No registry: an image of this name can only be built here or loaded."""

# A Python version such as 1.0+local has a `+`, which a tag must not have.
TAG = __version__.replace("+", "-")

HOST = r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]+)?"
COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
PREFIX = re.compile(rf"{HOST}(?:/{COMPONENT})*")


class ClusterKind(Enum):
    """How a cluster on this machine gets its images."""

    KIND = "kind"
    MINIKUBE = "minikube"
    K3D = "k3d"
    SHARED = "shared"
    """It runs the images of the container engine that it belongs to."""


SHARED_CONTEXTS = ("docker-desktop", "docker-for-desktop", "rancher-desktop", "orbstack", "colima")


def cluster_kind(context: str | None) -> ClusterKind | None:
    """The kind of cluster that the name of a kube context tells, if any."""
    name = context or ""
    if name in SHARED_CONTEXTS or name.startswith("colima-"):
        return ClusterKind.SHARED
    if name == "minikube":
        return ClusterKind.MINIKUBE
    return next((kind for kind in (ClusterKind.KIND, ClusterKind.K3D) if name.startswith(f"{kind.value}-")), None)


def image_reference(name: str, prefix: str | None = None) -> str:
    """The full name of the image *name*: `localhost/NAME:VERSION`, or with *prefix* in place of localhost."""
    return f"{LOCAL_PREFIX if prefix is None else parse_prefix(prefix)}/{name}:{TAG}"


def parse_prefix(prefix: str) -> str:
    """*prefix* without a trailing slash. Raises UsageError if no image's name can begin with it."""
    trimmed = prefix.strip().rstrip("/")
    if PREFIX.fullmatch(trimmed):
        return trimmed
    raise UsageError(
        f"{prefix!r} cannot begin an image's name: {_flaw(trimmed)}",
        hint="give a registry and a path, for example registry.example.com/team",
    )


def _flaw(prefix: str) -> str:
    if "://" in prefix:
        return "it has a scheme"
    if prefix != prefix.lower():
        return "it has upper-case letters"
    if "@" in prefix:
        return "it has a digest or a user"
    if ":" in prefix.rpartition("/")[2]:
        return "it has a tag; the tag is grpcdemo's version"
    return "it is not a registry and a path"


def pull_hint(image: str, context: str | None) -> str:
    """What helps if the cluster of *context* cannot pull *image*."""
    prefix, _, name = image.rpartition("/")
    if name.split(":")[0] not in IMAGES:
        return (
            "check the image's name, and whether the cluster may pull it; a private registry needs an imagePullSecret"
        )
    if prefix != LOCAL_PREFIX:
        return f"run `grpcdemo images push {prefix}`, or give the cluster an imagePullSecret if the registry is private"
    kind = cluster_kind(context)
    if kind is ClusterKind.SHARED:
        return "run `grpcdemo images build`"
    if kind is not None:
        return "run `grpcdemo images build` and then `grpcdemo images load`"
    return "run `grpcdemo images build`, then `grpcdemo images push PREFIX`, and give `--image-prefix PREFIX` to `up`"
