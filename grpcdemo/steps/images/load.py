"""Bring both images into a cluster that pulls from no registry, in the way that its kind takes them."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, ClusterKind, cluster_kind, image_reference
from grpcdemo.model import Done, Waiting
from grpcdemo.steps.images.archive import Archive, archive_name, read_archive
from grpcdemo.steps.images.builders import DOCKER, NERDCTL, Command, fill
from grpcdemo.steps.images.engine import find_engine, require_image, works
from grpcdemo.steps.images.save import write_archives
from grpcdemo.steps.images.shell import ProgramFailed, Shell, find_program, is_installed

LOADERS = {
    ClusterKind.KIND: ("kind", "load", "image-archive", "$archive", "--name", "$cluster"),
    ClusterKind.K3D: ("k3d", "image", "import", "$archive", "--cluster", "$cluster"),
    ClusterKind.MINIKUBE: ("minikube", "image", "load", "$archive", "--profile", "$cluster"),
}
# Kubernetes sees only what is in its own namespace of containerd.
CONTAINERD = ("ctr", "-a", "$cluster", "-n", "k8s.io", "images", "import", "$archive")
DOCKER_LOADER = ("docker", "load", "--input", "$archive")
NERDCTL_LOADER = ("nerdctl", "--namespace", "k8s.io", "load", "--input", "$archive")


@dataclass(frozen=True)
class Loader:
    """The command that takes `$archive` into `$cluster`, and what that is, in words."""

    command: Command
    cluster: str
    into: str


@dataclass(frozen=True, kw_only=True)
class LoadConfig:
    """Where to load the images, and where to take them from."""

    context: str | None
    """The kube context, whose name tells what cluster it is."""
    containerd: str | None = None
    """A node's containerd socket, to be loaded into whatever the context."""
    archives: Path | None = None
    """Where `save` wrote the images; otherwise they come from the builder."""
    builder: str | None = None
    prefix: str | None = None


async def load_images(config: LoadConfig, shell: Shell) -> tuple[str, ...]:
    """Load the server's and the client's image into the cluster; returns their names."""
    names = tuple(image_reference(name, config.prefix) for name in (SERVER_IMAGE, CLIENT_IMAGE))
    kind = None if config.containerd else await _find_kind(config.context, shell)
    if config.archives:
        archives = tuple(_find_archive(config.archives, name) for name in names)
        await _load(await _find_loader(config, kind, shell), archives, shell)
        return names
    engine = await find_engine(shell, config.builder)
    if kind is ClusterKind.SHARED and engine.builder is DOCKER:
        for image in [await require_image(shell, engine, name) for name in names]:
            shell.tell(Done(f"{config.context} runs Docker's own images: {image.name} ({image.platform}) is there"))
        return names
    loader = await _find_loader(config, kind, shell)
    if shell.dry_run is not None:
        await _load(loader, await write_archives(engine, Path("ARCHIVES"), shell, prefix=config.prefix), shell)
        return names
    with tempfile.TemporaryDirectory(prefix="grpcdemo-images-") as directory:
        await _load(loader, await write_archives(engine, Path(directory), shell, prefix=config.prefix), shell)
    return names


async def _load(loader: Loader, archives: tuple[Archive, ...], shell: Shell) -> None:
    for archive in archives:
        image = f"{', '.join(archive.names)} ({archive.platform})"
        shell.tell(Waiting(f"{loader.command[0]} to load {image} into {loader.into}"))
        await shell.run(*fill(loader.command, archive=str(archive.path), cluster=loader.cluster))
        shell.tell(Done(f"loaded {image} into {loader.into}"))


async def _find_kind(context: str | None, shell: Shell) -> ClusterKind:
    kind = cluster_kind(context)
    if kind is None and context and context in await _minikube_profiles(shell):
        kind = ClusterKind.MINIKUBE
    if kind is not None:
        return kind
    raise GrpcdemoError(
        f"context {context} does not tell how its cluster takes images in" if context else "there is no kube context",
        hint="`grpcdemo images push PREFIX` to a registry, or `grpcdemo images save` and load that on each node, "
        "with `--containerd SOCKET` for containerd",
    )


async def _minikube_profiles(shell: Shell) -> set[str]:
    """The names of minikube's clusters, which are their contexts' names as well."""
    if not is_installed("minikube"):
        return set()
    try:
        answer = json.loads(await shell.ask("minikube", "profile", "list", "--light", "--output", "json"))
        return {profile["Name"] for profile in answer["valid"]}
    except (ProgramFailed, ValueError, LookupError, TypeError):
        return set()


async def _find_loader(config: LoadConfig, kind: ClusterKind | None, shell: Shell) -> Loader:
    context = config.context or ""
    if config.containerd:
        loader = Loader(CONTAINERD, config.containerd, f"containerd at {config.containerd}")
    elif kind is None or kind is ClusterKind.SHARED:
        loader = Loader(await _find_shared(context, shell), context, context)
    else:
        cluster = context if kind is ClusterKind.MINIKUBE else context.removeprefix(f"{kind.value}-")
        loader = Loader(LOADERS[kind], cluster, f"the {kind.value} cluster {cluster}")
    if shell.dry_run is None:
        find_program(loader.command[0])
    return loader


async def _find_shared(context: str, shell: Shell) -> Command:
    """How the engine whose images the cluster runs takes an archive in."""
    for builder, command in ((DOCKER, DOCKER_LOADER), (NERDCTL, NERDCTL_LOADER)):
        if await works(shell, builder):
            return command
    raise GrpcdemoError(
        f"{context} runs its engine's images, and that engine answers neither docker nor nerdctl",
        hint=f"start {context}, or choose its engine with `docker context use`",
    )


def _find_archive(directory: Path, name: str) -> Archive:
    """The archive of the image *name* that `save` wrote into *directory*."""
    archive = read_archive(directory / archive_name(name), hint="`grpcdemo images save DIR` writes it")
    if name in archive.names:
        return archive
    raise GrpcdemoError(
        f"{archive.path} holds {', '.join(archive.names) or 'an image without a name'}, not {name}",
        hint="save it again with this grpcdemo, or give the `--image-prefix` that it was built with",
    )
