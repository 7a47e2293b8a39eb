"""The build context: the few files of an image, laid out as in the repository."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpcdemo

PACKAGE = Path(grpcdemo.__file__).parent
SOURCES = ("__init__.py", "errors.py", "waiting.py", "pb", "workload")
"""What of the package runs in a pod."""
RECIPE = ("Dockerfile", "requirements.txt")


def recipe_directory(package: Path = PACKAGE) -> Path:
    """The Dockerfile's folder: inside an installed package, beside it in a source checkout."""
    inside = package / "images"
    return inside if (inside / "Dockerfile").is_file() else package.parent / "images"


@contextmanager
def build_context(*, dry_run: bool) -> Iterator[Path]:
    """A temporary directory with the context; for a dry run a placeholder."""
    if dry_run:
        yield Path("CONTEXT")
        return
    with tempfile.TemporaryDirectory(prefix="grpcdemo-images-") as directory:
        write_context(Path(directory))
        yield Path(directory)


def write_context(target: Path, package: Path = PACKAGE) -> None:
    """Copy the Dockerfile and everything that it copies to *target*."""
    recipe = recipe_directory(package)
    (target / "images").mkdir()
    for name in RECIPE:
        shutil.copyfile(recipe / name, target / "images" / name)
    for name in SOURCES:
        source, copy = package / name, target / package.name / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, copy)
