"""Build both images from the installed package, with the first builder that works."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import UsageError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, TAG, image_reference
from grpcdemo.model.progress import Waiting, Warned
from grpcdemo.steps.images.archive import read_archive
from grpcdemo.steps.images.builders import Builder, Command
from grpcdemo.steps.images.context import build_context
from grpcdemo.steps.images.engine import Engine, Image, find_engine, known_flags, require_image
from grpcdemo.steps.images.shell import ProgramFailed, Shell

TARGETS = {SERVER_IMAGE: "server", CLIENT_IMAGE: "client"}
"""The Dockerfile's stage of each image."""
PLATFORMS = ("linux/amd64", "linux/arm64")
"""Those that grpcio has wheels for."""
PASSED_ON = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"),
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
)
"""Variables that a company may have set, and that pip also needs in a build."""
ARCHIVE = "docker-archive:"
IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]*")
INCOMPLETE_HISTORY = re.compile(r"history lists \d+ non-empty layers")
"""In the output of podman and buildah when they cannot cache layers on a base image of other tools."""


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """How to build the images; None means the first builder that works, and the Dockerfile's defaults."""

    builder: str | None = None
    base_image: str | None = None
    platform: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class Built:
    """The images that were built, and the builder."""

    builder: str
    platform: str
    images: tuple[Image, ...]


def parse_image(text: str) -> str:
    """An image's name, or `docker-archive:FILE`. Raises UsageError if *text* can be neither."""
    if text.startswith(ARCHIVE) or IMAGE.fullmatch(text):
        return text
    raise UsageError(f"{text!r} cannot be the name of an image", hint="write it like python:3.13-slim")


async def build_images(
    config: BuildConfig, shell: Shell, *, environ: Mapping[str, str] = os.environ, root: bool = os.geteuid() == 0
) -> Built:
    """Build the server's and the client's image. Raises GrpcdemoError with the end of the builder's output."""
    if config.platform not in (None, *PLATFORMS):
        raise UsageError(f"there are no images for {config.platform}", hint=f"choose {' or '.join(PLATFORMS)}")
    names = {image_reference(name, config.prefix): target for name, target in TARGETS.items()}
    engine = await find_engine(shell, config.builder)
    builder, platform = engine.builder, config.platform or engine.platform
    _check_base_image(config.base_image, builder, platform)
    flags = await known_flags(shell, builder.build, builder.build_if_known)
    flags += _flags(config, engine, environ, root=root)
    with build_context(dry_run=shell.dry_run is not None) as context:
        for name, target in names.items():
            shell.tell(Waiting(f"{builder.name} to build {name} for {platform}"))
            flags += await _build(shell, builder, (*flags, "--target", target, "--tag", name), context)
    images = tuple([await require_image(shell, engine, name) for name in names])
    return Built(builder.name, platform, images)


def _check_base_image(base_image: str | None, builder: Builder, platform: str) -> None:
    if base_image is None or not base_image.startswith(ARCHIVE):
        return
    path = base_image.removeprefix(ARCHIVE).split(":")[0]
    if not builder.reads_archives:
        raise UsageError(
            f"{builder.name} cannot build on an archive",
            hint=f"run `{builder.name} load --input {path}`, and give `--base-image` the name that it prints",
        )
    archive = read_archive(Path(path), hint="`--base-image docker-archive:FILE` takes what `docker save` writes")
    if archive.platform != platform:
        raise UsageError(
            f"the base image {path} is for {archive.platform}, not for {platform}",
            hint="use a base image for that platform, or build without `--platform`",
        )


def _flags(config: BuildConfig, engine: Engine, environ: Mapping[str, str], *, root: bool) -> Command:
    """The build flags for both images."""
    flags = list(engine.builder.as_root if root and "BUILDAH_ISOLATION" not in environ else ())
    arguments = [
        f"VERSION={TAG}",
        f"BUILD_PLATFORM={engine.platform}",
        f"TARGET_PLATFORM={config.platform or engine.platform}",
    ]
    if config.platform:
        flags += ["--platform", config.platform]
    if config.base_image:
        arguments.append(f"PYTHON_IMAGE={config.base_image}")
    # Given by name only, an argument gets its value from the environment: no password shows in a command line.
    arguments += [name for name in PASSED_ON if environ.get(name)]
    for argument in arguments:
        flags += ["--build-arg", argument]
    return tuple(flags)


async def _build(shell: Shell, builder: Builder, flags: Command, context: Path) -> Command:
    """Build one image; return the extra flags that it needed, which the next one needs as well."""
    end = ("--file", str(context / "images" / "Dockerfile"), str(context))
    try:
        await shell.run(*builder.build, *flags, *end)
    except ProgramFailed as error:
        if not builder.uncached or not any(map(INCOMPLETE_HISTORY.search, error.tail)):
            raise
        shell.report(Warned("the base image has no complete history, so nothing can be cached"))
        await shell.run(*builder.build, *flags, *builder.uncached, *end)
        return builder.uncached
    return ()
