"""The command of a container, from its image and its spec."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.child import Command
from grpcdemo.sandbox.kubelet.environment import expand
from grpcdemo.sandbox.kubelet.images import Image
from grpcdemo.sandbox.proxy.config import build_resolver
from grpcdemo.sandbox.proxy.envoy import build_command as build_envoy_command
from grpcdemo.sandbox.proxy.envoy import find_envoy
from grpcdemo.sandbox.proxy.sidecar import Sidecar

PYTHON = ("python", "python3")


class StartError(Exception):
    """A container's program cannot be started."""


def build_command(container: Object, image: Image, env: Mapping[str, str], cwd: Path, *, dns: str | None) -> Command:
    """Raises StartError if there is no such program, and GrpcdemoError if there is no Envoy."""
    args = [expand(arg, env) for arg in container.get("args") or []]
    own = [expand(part, env) for part in container.get("command") or []]
    if not own:
        return Command("module", [image.module or "", *args], env, cwd)
    return find_command([*own, *args], env, cwd, dns=dns)


def find_command(argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, dns: str | None) -> Command:
    """What runs *argv* as it is. Raises StartError if there is no such program, and GrpcdemoError if no Envoy."""
    if argv[0] in PYTHON:
        if len(argv) > 2 and argv[1] == "-m":
            return Command("module", argv[2:], env, cwd)
        return Command("guard", [sys.executable, *argv[1:]], env, cwd)
    if argv[0] == "envoy":
        return Command("exec", [find_envoy(), *_resolve_by(dns, cwd), *argv[1:]], env, cwd)
    program = shutil.which(argv[0], path=env.get("PATH") or os.environ.get("PATH"))
    if program is None:
        raise StartError(f'failed to start container process: exec: "{argv[0]}": executable file not found in $PATH')
    return Command("guard", [program, *argv[1:]], env, cwd)


def _resolve_by(dns: str | None, cwd: Path) -> list[str]:
    """The arguments that let an Envoy resolve names by the DNS server *dns*, whatever else it is configured to do.

    They are what a container's resolv.conf is to it. Raises StartError without a server.
    """
    if dns is None:
        raise StartError("an Envoy needs addresses of this machine for pods, and the sandbox has only ports here")
    path = cwd / "resolver.json"
    path.write_text(json.dumps(build_resolver(dns)), encoding="utf-8")
    return ["--config-path", str(path)]


def build_proxy_command(sidecar: Sidecar) -> Command:
    """Raises GrpcdemoError if there is no Envoy."""
    return Command("exec", build_envoy_command(find_envoy(), sidecar.folder), {}, sidecar.folder.root)
