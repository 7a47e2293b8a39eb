"""Finds a builder that works on this machine, and the images in its store."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.model.progress import Warned
from grpcdemo.steps.images.builders import BUILDERS, Builder, Command, fill
from grpcdemo.steps.images.shell import ProgramFailed, Shell, is_installed

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The kernel's names of architectures, and those of images."""


@dataclass(frozen=True)
class Engine:
    """A builder that works, and its default platform."""

    builder: Builder
    platform: str


@dataclass(frozen=True)
class Image:
    """An image in a builder's store."""

    name: str
    id: str
    platform: str


async def find_engine(shell: Shell, name: str | None = None) -> Engine:
    """The first builder that works, or the one called *name*. Raises GrpcdemoError with the reasons if none does."""
    reasons = []
    for builder in _candidates(name):
        try:
            return Engine(builder, await _linux_platform(shell, builder))
        except ProgramFailed as error:
            reasons.append(error.reason)
            if name is None and is_installed(builder.name):
                shell.report(Warned(f"skipped {builder.name}: {error.reason}"))
    if name is not None:
        raise GrpcdemoError(f"cannot use {name}: {reasons[0]}", hint="omit `--builder`, or name another")
    raise GrpcdemoError(
        f"no builder works on this machine: {'; '.join(reasons)}", hint="start Docker, or install podman or buildah"
    )


def _candidates(name: str | None) -> tuple[Builder, ...]:
    candidates = tuple(builder for builder in BUILDERS if name in (None, builder.name))
    if candidates:
        return candidates
    known = ", ".join(builder.name for builder in BUILDERS)
    raise UsageError(f"unknown builder {name}", hint=f"`--builder` takes one of {known}")


async def _linux_platform(shell: Shell, builder: Builder) -> str:
    platform = normalise(await shell.ask(*builder.ready))
    if not platform.startswith("linux/"):
        raise ProgramFailed(f"{builder.name} builds for {platform}, not for Linux", hint=None)
    return platform


async def works(shell: Shell, builder: Builder) -> bool:
    try:
        await _linux_platform(shell, builder)
    except ProgramFailed:
        return False
    return True


def normalise(platform: str) -> str:
    """`linux/amd64` for what some call `linux/x86_64`."""
    system, _, machine = platform.strip().lower().partition("/")
    return f"{system}/{MACHINES.get(machine, machine)}"


async def find_image(shell: Shell, builder: Builder, name: str) -> Image | None:
    """The image called *name* in *builder*'s store."""
    try:
        answer = await shell.ask(*fill(builder.inspect, image=name))
    except ProgramFailed:
        return None
    identity, _, platform = answer.partition(" ")
    return Image(name, identity, normalise(platform))


async def require_image(shell: Shell, engine: Engine, name: str) -> Image:
    """The image called *name*; a dry run assumes that it was built."""
    if image := await find_image(shell, engine.builder, name):
        return image
    if shell.dry_run is not None:
        return Image(name, "", engine.platform)
    raise GrpcdemoError(
        f"{engine.builder.name} has no image {name}",
        hint="run `grpcdemo images build`, or name the builder that has it with `--builder`",
    )


async def known_flags(shell: Shell, verb: Command, flags: Command) -> Command:
    """The *flags* that the `--help` of *verb* lists."""
    if not flags:
        return ()
    listed = set((await shell.ask(*verb, "--help")).replace(",", " ").split())
    return tuple(flag for flag in flags if flag.split("=")[0] in listed)
