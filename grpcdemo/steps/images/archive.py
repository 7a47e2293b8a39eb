"""What a docker-archive says of the image in it, read without unpacking it."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpcdemo.errors import GrpcdemoError
from grpcdemo.steps.images.engine import normalise


@dataclass(frozen=True)
class Archive:
    """One image in a file."""

    path: Path
    names: tuple[str, ...]
    platform: str


def archive_name(image: str) -> str:
    """The file that the image called *image* is saved in: `grpcdemo-server.tar`, whatever prefix and tag."""
    return f"{image.rpartition('/')[2].split(':')[0]}.tar"


def read_archive(path: Path, *, hint: str) -> Archive:
    """Raises GrpcdemoError with *hint* where *path* is missing, or cut short, or something else."""
    try:
        with tarfile.open(path) as tar:
            manifest = _read(tar, "manifest.json")[0]
            config = _read(tar, manifest["Config"])
        names = tuple(manifest["RepoTags"] or ())
        return Archive(path.resolve(), names, normalise(f"{config['os']}/{config['architecture']}"))
    except OSError as error:
        raise GrpcdemoError(f"{path} cannot be read: {error.strerror or error}", hint=hint) from error
    except (tarfile.TarError, ValueError, LookupError, TypeError) as error:
        raise GrpcdemoError(f"{path} is no docker-archive with an image in it", hint=hint) from error


def _read(tar: tarfile.TarFile, name: str) -> Any:
    file = tar.extractfile(name)
    if file is None:
        raise LookupError(name)
    return json.load(file)
