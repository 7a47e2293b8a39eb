"""Load both images into a cluster on this machine, in the way of its kind."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import IMAGES, ClusterKind, cluster_kind, image_reference
from grpcdemo.model import Done, Waiting
from grpcdemo.steps.images.archive import Archive, read_archive
from grpcdemo.steps.images.builders import DOCKER, NERDCTL, Command, fill
from grpcdemo.steps.images.engine import find_engine, require_image, works
from grpcdemo.steps.images.save import write_archives
from grpcdemo.steps.images.shell import ProgramFailed, Shell, find_program, is_installed

LOADERS = {
    ClusterKind.KIND: ("kind", "load", "image-archive", "$archive", "--name", "$cluster"),
    ClusterKind.K3D: ("k3d", "image", "import", "$archive", "--cluster", "$cluster"),
    ClusterKind.MINIKUBE: ("minikube", "image", "load", "$archive", "--profile", "$cluster"),
}
# The kubelet sees only containerd's namespace k8s.io.
CONTAINERD = ("ctr", "-a", "$cluster", "-n", "k8s.io", "images", "import", "$archive")
DOCKER_LOADER = ("docker", "load", "--input", "$archive")
NERDCTL_LOADER = ("nerdctl", "--namespace", "k8s.io", "load", "--input", "$archive")


@dataclass(frozen=True)
class Loader:
    """The command that loads `$archive` into `$cluster`, and the words for the latter."""

    command: Command
    cluster: str
    into: str


@dataclass(frozen=True, kw_only=True)
class LoadConfig:
    """Where to load the images, and where from."""

    context: str | None
    """The kube context; its name tells the kind of cluster."""
    containerd: str | None = None
    """The socket of a node's containerd, used instead of the context."""
    archives: Path | None = None
    """The folder that `save` wrote; None for the images in the builder's store."""
    builder: str | None = None
    prefix: str | None = None


async def load_images(config: LoadConfig, shell: Shell) -> tuple[str, ...]:
    """Load the server's and the client's image into the cluster; return their names."""
    names = tuple(image_reference(name, config.prefix) for name in IMAGES)
    kind = None if config.containerd else await _find_kind(config.context, shell)
    if config.archives:
        paths = [config.archives / f"{name}.tar" for name in IMAGES]
        archives = tuple(_find_archive(path, name) for path, name in zip(paths, names, strict=True))
        await _load(await _find_loader(config, kind, shell), archives, shell)
        return names
    engine = await find_engine(shell, config.builder)
    if kind is ClusterKind.SHARED and engine.builder is DOCKER:
        for image in [await require_image(shell, engine, name) for name in names]:
            shell.tell(Done(f"{config.context} runs Docker's own images and has {image.name} ({image.platform})"))
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
        f"context {context} does not tell how to load images into its cluster" if context else "no kube context is set",
        hint="push to a registry with `grpcdemo images push PREFIX`, or run `grpcdemo images save` and load the "
        "archives on each node, with `--containerd SOCKET` for containerd",
    )


async def _minikube_profiles(shell: Shell) -> set[str]:
    """The names of minikube's clusters, which are also those of their contexts."""
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
    """How to load an archive into the engine whose images the cluster runs."""
    for builder, command in ((DOCKER, DOCKER_LOADER), (NERDCTL, NERDCTL_LOADER)):
        if await works(shell, builder):
            return command
    raise GrpcdemoError(
        f"{context} runs its engine's images, and neither docker nor nerdctl reaches that engine",
        hint=f"start {context}, or choose its engine with `docker context use`",
    )


def _find_archive(path: Path, name: str) -> Archive:
    """The archive at *path*, if it holds the image *name*."""
    archive = read_archive(path, hint="`grpcdemo images save DIR` writes it")
    if name in archive.names:
        return archive
    raise GrpcdemoError(
        f"{archive.path} holds {', '.join(archive.names) or 'an unnamed image'}, not {name}",
        hint="save it again with this version of grpcdemo, or use the `--image-prefix` that it was built with",
    )
