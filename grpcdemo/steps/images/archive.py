"""Reads what a docker-archive says about its image, without unpacking it."""

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


def read_archive(path: Path, *, hint: str) -> Archive:
    """Raises GrpcdemoError with *hint* if *path* is missing, truncated, or not an archive."""
    try:
        with tarfile.open(path) as tar:
            manifest = _read(tar, "manifest.json")[0]
            config = _read(tar, manifest["Config"])
        names = tuple(manifest["RepoTags"] or ())
        return Archive(path.resolve(), names, normalise(f"{config['os']}/{config['architecture']}"))
    except OSError as error:
        raise GrpcdemoError(f"cannot read {path}: {error.strerror or error}", hint=hint) from error
    except (tarfile.TarError, ValueError, LookupError, TypeError) as error:
        raise GrpcdemoError(f"{path} is not a docker-archive with an image", hint=hint) from error


def _read(tar: tarfile.TarFile, name: str) -> Any:
    file = tar.extractfile(name)
    if file is None:
        raise LookupError(name)
    return json.load(file)
