"""Programs that stand in for builders and clusters: each notes how it was called, and answers as told."""

import asyncio
import io
import json
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from grpcdemo.model.progress import StepEvent

PATIENCE_S = 60
"""How long to wait for what must come. No test passes or fails by speed."""
SAVED = 'for a; do case $a in *.tar) t=$a ;; docker-archive:*) t=${a#*:}; t=${t%%:*} ;; esac; done; echo saved > "$t"'
IN_STORE = "echo 0123abcd linux/amd64"
NO_SUCH_IMAGE = 'echo "no such image" >&2; exit 1'
BUILDKIT_HELP = "echo '--build-arg list'; echo '--load  Shorthand'; echo '--provenance string'"
SAVE_HELP = "echo '-o, --output string'; echo '--platform stringSlice'"
WORKING = {
    "docker": {
        "version *": "echo linux/amd64",
        "image inspect *": IN_STORE,
        "build --help": BUILDKIT_HELP,
        "save --help": SAVE_HELP,
        "save *": SAVED,
    },
    "podman": {"info *": "echo linux/amd64", "image inspect *": IN_STORE, "save *": SAVED},
    "buildah": {"info *": "echo linux/amd64", "inspect *": IN_STORE, "push *docker-archive:*": SAVED},
    "nerdctl": {
        "info *": "echo linux/x86_64",
        "image inspect *": IN_STORE,
        "build --help": BUILDKIT_HELP,
        "save --help": SAVE_HELP,
        "save *": SAVED,
    },
}
"""What the builders answer when all is well, by shell patterns of their arguments."""


class Programs:
    """A PATH with nothing but programs that the test puts there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._log = directory / "log"
        self._log.touch()

    def add(self, name: str, answers: dict[str, str] | None = None, *, otherwise: str = ":") -> None:
        """Put *name* there; each call runs the shell lines of the first pattern that its arguments match."""
        patterns = {pattern.replace(" ", r"\ "): lines for pattern, lines in (answers or {}).items()}
        cases = "".join(f"  {pattern}) {lines} ;;\n" for pattern, lines in patterns.items())
        script = f'#!/bin/sh\necho "{name} $*" >> {self._log}\ncase "$*" in\n{cases}  *) {otherwise} ;;\nesac\n'
        path = self.directory / name
        path.write_text(script)
        path.chmod(0o755)

    def add_builder(self, name: str, answers: dict[str, str] | None = None) -> None:
        """Put a builder there that works, except for *answers*."""
        usual = {pattern: lines for pattern, lines in WORKING[name].items() if pattern not in (answers or {})}
        self.add(name, {**(answers or {}), **usual})

    @property
    def calls(self) -> list[str]:
        """Every call so far, in order, as `name arguments`."""
        return self._log.read_text().splitlines()

    def calls_with(self, start: str) -> list[str]:
        return [call for call in self.calls if call.startswith(start)]


@dataclass
class Told:
    """What a step told while it ran."""

    events: list[StepEvent] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def texts(self) -> str:
        return "\n".join(event.text for event in self.events)


def write_archive(path: Path, *, name: str, architecture: str = "amd64") -> None:
    """A docker-archive as small as it gets: a manifest, and a config without layers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = {
        "manifest.json": [{"Config": "config.json", "RepoTags": [name], "Layers": []}],
        "config.json": {"os": "linux", "architecture": architecture},
    }
    with tarfile.open(path, "w") as tar:
        for member, document in documents.items():
            content = json.dumps(document).encode()
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


async def wait_until_written(path: Path) -> str:
    """The line that a program writes into *path*, once it is there."""
    deadline = time.monotonic() + PATIENCE_S
    while not _has_line(path):
        assert time.monotonic() < deadline, f"{path} was not written"
        await asyncio.sleep(0.01)
    return _line(path)


def _has_line(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


def _line(path: Path) -> str:
    return path.read_text().strip()


def exists(path: str) -> bool:
    return Path(path).exists()
