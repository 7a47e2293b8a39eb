"""The one reader of kubeconfigs: finds them as kubectl does, and reads the current context."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grpcdemo.errors import UsageError

ANOTHER = "fix it, name another with --kubeconfig, or use --sandbox"
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, if PyYAML has it: certificates make a kubeconfig long."""


@dataclass(frozen=True)
class Kubeconfig:
    """The files that together are the kubeconfig: --kubeconfig, else the list in KUBECONFIG, else ~/.kube/config."""

    paths: tuple[Path, ...]
    option: str | None = None
    implied: bool = False
    """It is the default file: no option or variable names it."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that exist."""
        return tuple(path for path in self.paths if path.is_file())

    def __str__(self) -> str:
        return os.pathsep.join(map(str, self.files or self.paths))


def find_kubeconfig(option: str | None = None, environment: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The kubeconfig of a command with the *option* --kubeconfig. An empty option or variable names nothing."""
    named = option or environment.get("KUBECONFIG")
    parts = named.split(os.pathsep) if named else [str(Path.home() / ".kube" / "config")]
    paths = tuple(Path(part).expanduser() for part in parts if part)
    return Kubeconfig(paths, option=option or None, implied=not named)


def current_context(kubeconfig: Kubeconfig) -> str | None:
    """That of the first file that has one. Raises UsageError when a file is broken."""
    contexts = (read_file(path).get("current-context") for path in kubeconfig.files)
    return next((str(name) for name in contexts if name), None)


def read_file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())  # an error in YAML takes several lines
        raise UsageError(f"cannot read kubeconfig {path}: {reason}", hint=ANOTHER) from error
    if not isinstance(content, dict):
        raise UsageError(f"kubeconfig {path} is empty or not a kubeconfig", hint=ANOTHER)
    return content
