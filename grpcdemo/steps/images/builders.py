"""The programs that can build images, as data: the commands of each for the same few tasks."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

Command = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """One program; its commands have placeholders such as `$image`."""

    name: str
    ready: Command
    """Prints the engine's platform, and fails if the engine does not answer."""
    build: Command
    inspect: Command
    """Prints id and platform of `$image`."""
    save: Command
    """Writes `$image` as the docker-archive `$archive`."""
    tag: Command
    push: Command
    build_if_known: Command = ()
    """Flags of `build` that only some versions have; used if its `--help` lists them."""
    save_if_known: Command = ()
    """The same for `save`."""
    as_root: Command = ()
    """Flags of `build` for root, unless BUILDAH_ISOLATION says otherwise."""
    uncached: Command = ()
    """Flags of `build` for a base image whose layers cannot be cached."""
    reads_archives: bool = False
    """It takes `docker-archive:/path.tar` as a base image."""


DOCKER = Builder(
    name="docker",
    ready=("docker", "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"),
    build=("docker", "build"),
    inspect=("docker", "image", "inspect", "--format", "{{.Id}} {{.Os}}/{{.Architecture}}", "$image"),
    save=("docker", "save", "--output", "$archive", "$image"),
    tag=("docker", "tag", "$image", "$name"),
    push=("docker", "push", "$image"),
    # A builder in a container keeps its images to itself without --load. An attestation, or another
    # platform of which only the name is here, makes loaders fail on the archive.
    build_if_known=("--load", "--provenance=false"),
    save_if_known=("--platform=$platform",),
)
PODMAN = Builder(
    name="podman",
    ready=("podman", "info", "--format", "{{.Host.OS}}/{{.Host.Arch}}"),
    build=("podman", "build"),
    inspect=("podman", "image", "inspect", "--format", "{{.Id}} {{.Os}}/{{.Architecture}}", "$image"),
    save=("podman", "save", "--format", "docker-archive", "--output", "$archive", "$image"),
    tag=("podman", "tag", "$image", "$name"),
    push=("podman", "push", "$image"),
    uncached=("--layers=false",),
    reads_archives=True,
)
BUILDAH = Builder(
    name="buildah",
    ready=("buildah", "info", "--format", "{{.host.os}}/{{.host.arch}}"),
    build=("buildah", "bud", "--layers", "--force-rm"),
    inspect=(
        *("buildah", "inspect", "--type", "image"),
        *("--format", "{{.FromImageID}} {{.OCIv1.OS}}/{{.OCIv1.Architecture}}", "$image"),
    ),
    save=("buildah", "push", "$image", "docker-archive:$archive:$image"),
    tag=("buildah", "tag", "$image", "$name"),
    push=("buildah", "push", "$image"),
    # By default root's builds want namespaces and cgroups, which root in a container or on a CI machine
    # may not make. A build that runs nothing but pip has no need of them.
    as_root=("--isolation", "chroot"),
    uncached=("--layers=false",),
    reads_archives=True,
)
NERDCTL = Builder(
    name="nerdctl",
    ready=("nerdctl", "info", "--format", "{{.OSType}}/{{.Architecture}}"),
    build=("nerdctl", "build"),
    inspect=("nerdctl", "image", "inspect", "--format", "{{.Id}} {{.Os}}/{{.Architecture}}", "$image"),
    save=("nerdctl", "save", "--output", "$archive", "$image"),
    tag=("nerdctl", "tag", "$image", "$name"),
    push=("nerdctl", "push", "$image"),
    build_if_known=("--provenance=false",),
    save_if_known=("--platform=$platform",),
)
BUILDERS = (DOCKER, PODMAN, BUILDAH, NERDCTL)


def fill(command: Command, **values: str) -> Command:
    """*command* with its `$names` replaced."""
    return tuple(Template(part).substitute(values) for part in command)
