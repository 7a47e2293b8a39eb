"""Load both images into a cluster on this machine, in the way of its kind."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import IMAGES, image_reference
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster
from grpcdemo.model.progress import Done, Waiting
from grpcdemo.steps.images.archive import Archive, read_archive
from grpcdemo.steps.images.builders import DOCKER, NERDCTL, Command, fill
from grpcdemo.steps.images.engine import find_engine, require_image, works
from grpcdemo.steps.images.save import write_archives
from grpcdemo.steps.images.shell import Shell, find_program

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

    into: LocalCluster | str
    """The cluster, or the socket of a node's containerd."""
    archives: Path | None = None
    """The folder that `save` wrote; None for the images in the builder's store."""
    builder: str | None = None
    prefix: str | None = None


async def load_images(config: LoadConfig, shell: Shell) -> tuple[str, ...]:
    """Load the server's and the client's image into the cluster; return their names."""
    names = tuple(image_reference(name, config.prefix) for name in IMAGES)
    if config.archives:
        paths = [config.archives / f"{name}.tar" for name in IMAGES]
        archives = tuple(_find_archive(path, name) for path, name in zip(paths, names, strict=True))
        await _load(await _find_loader(config.into, shell), archives, shell)
        return names
    engine = await find_engine(shell, config.builder)
    if engine.builder is DOCKER and isinstance(config.into, LocalCluster) and config.into.kind is ClusterKind.SHARED:
        for image in [await require_image(shell, engine, name) for name in names]:
            shell.tell(Done(f"{config.into.name} runs Docker's own images and has {image.name} ({image.platform})"))
        return names
    loader = await _find_loader(config.into, shell)
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


async def _find_loader(into: LocalCluster | str, shell: Shell) -> Loader:
    match into:
        case LocalCluster(ClusterKind.SHARED, name):
            loader = Loader(await _find_shared(name, shell), name, name)
        case LocalCluster(kind, name):
            loader = Loader(LOADERS[kind], name, f"the {kind.value} cluster {name}")
        case socket:
            loader = Loader(CONTAINERD, socket, f"containerd at {socket}")
    if shell.dry_run is None:
        find_program(loader.command[0])
    return loader


async def _find_shared(name: str, shell: Shell) -> Command:
    """How to load an archive into the engine whose images the cluster runs."""
    for builder, command in ((DOCKER, DOCKER_LOADER), (NERDCTL, NERDCTL_LOADER)):
        if await works(shell, builder):
            return command
    raise GrpcdemoError(
        f"{name} runs its engine's images, but neither docker nor nerdctl reaches that engine",
        hint=f"start {name}, or choose its engine with `docker context use`",
    )


def _find_archive(path: Path, name: str) -> Archive:
    """The archive at *path*, if it holds the image *name*."""
    archive = read_archive(path, hint="`grpcdemo images save DIR` writes it")
    if name in archive.names:
        return archive
    raise GrpcdemoError(
        f"{archive.path} contains {', '.join(archive.names) or 'an unnamed image'}, not {name}",
        hint="save it again with this version of grpcdemo, or use the `--image-prefix` that it was built with",
    )
