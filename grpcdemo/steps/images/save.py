"""Write both images as archives, for machines without a builder or a network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import IMAGES, image_reference
from grpcdemo.model.progress import Waiting
from grpcdemo.steps.images.archive import Archive
from grpcdemo.steps.images.builders import fill
from grpcdemo.steps.images.engine import Engine, find_engine, known_flags, require_image
from grpcdemo.steps.images.shell import Shell


async def save_images(
    directory: Path, shell: Shell, *, builder: str | None = None, prefix: str | None = None
) -> tuple[Path, ...]:
    """Write `grpcdemo-server.tar` and `grpcdemo-client.tar` into *directory*, both or neither."""
    engine = await find_engine(shell, builder)
    if shell.dry_run is not None:
        return tuple(archive.path for archive in await write_archives(engine, directory, shell, prefix=prefix))
    try:
        with _scratch(directory) as scratch:
            written = [archive.path for archive in await write_archives(engine, scratch, shell, prefix=prefix)]
            return tuple(path.replace(directory / path.name) for path in written)
    except OSError as error:
        raise GrpcdemoError(f"cannot write to {directory}: {error.strerror or error}") from error


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    """A temporary folder on the same file system, so that moving a whole archive is atomic."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".grpcdemo-", dir=directory) as scratch:
        yield Path(scratch)


async def write_archives(engine: Engine, directory: Path, shell: Shell, *, prefix: str | None) -> tuple[Archive, ...]:
    """Write one archive for each image, of one platform: loaders fail on archives that name others."""
    program, verb, *rest = engine.builder.save
    written = []
    for name in IMAGES:
        image = await require_image(shell, engine, image_reference(name, prefix))
        archive = Archive(directory / f"{name}.tar", (image.name,), image.platform)
        flags = fill(engine.builder.save_if_known, platform=image.platform)
        flags = await known_flags(shell, (program, verb), flags)
        shell.tell(Waiting(f"{program} to save {image.name} ({image.platform})"))
        await shell.run(program, verb, *flags, *fill(tuple(rest), archive=str(archive.path), image=image.name))
        written.append(archive)
    return tuple(written)
