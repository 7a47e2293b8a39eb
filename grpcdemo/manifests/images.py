"""The images' names, and the command that helps a cluster that cannot pull one."""

from __future__ import annotations

import re

from grpcdemo import __version__
from grpcdemo.errors import UsageError
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster

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


def read_prefix(image: str) -> str | None:
    """The prefix that *image* was named with; None for a local one, and for one that is not ours."""
    prefix, _, name = image.rpartition("/")
    return prefix if prefix != LOCAL_PREFIX and name.split(":")[0] in IMAGES else None


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


def pull_hint(image: str, cluster: LocalCluster | None) -> str:
    """What helps if *cluster*, or one that is not on this machine, cannot pull *image*."""
    prefix, _, name = image.rpartition("/")
    if name.split(":")[0] not in IMAGES:
        return (
            "check the image's name, and whether the cluster may pull it; a private registry needs an imagePullSecret"
        )
    if prefix != LOCAL_PREFIX:
        return (
            f"run `grpcdemo images push {prefix}`, or name another registry with `--image-prefix`; "
            "a private one needs an imagePullSecret"
        )
    if cluster and cluster.kind is ClusterKind.SHARED:
        return "run `grpcdemo images build`"
    if cluster:
        return "run `grpcdemo images build` and then `grpcdemo images load`"
    return "run `grpcdemo images build`, then `grpcdemo images push PREFIX`, and give `--image-prefix PREFIX` to `up`"
