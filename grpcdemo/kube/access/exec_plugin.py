"""Credentials that a program prints, such as `aws eks get-token`: what kubectl calls an exec credential plugin.

The program may open a browser or ask for a password, so it runs once for all requests that need credentials, and not
again after it has failed. What it writes to stderr goes to the user's terminal.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.access.credentials import Credentials, bearer
from grpcdemo.kube.access.documents import parse_yaml
from grpcdemo.kube.access.entries import Cluster, ExecPlugin
from grpcdemo.kube.access.fields import Fields, printable
from grpcdemo.kube.access.pem import KeyPair, Pem
from grpcdemo.resources.times import parse_time

INFO = "KUBERNETES_EXEC_INFO"
STDIN = 0
PAIR = ("clientCertificateData", "clientKeyData")


class ExecCredentials:
    """The credentials that *plugin* prints, kept until they expire or are refused."""

    def __init__(
        self,
        plugin: ExecPlugin,
        cluster: Cluster,
        *,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._plugin = plugin
        self._cluster = cluster
        self._environment = environment
        self._now = now
        self._lock = asyncio.Lock()
        self._printed: Printed | None = None
        self._failure: GrpcdemoError | None = None

    async def get(self) -> Credentials:
        async with self._lock:
            if self._printed is None or self._printed.has_expired(self._now()):
                self._printed = await self._run()
            return self._printed.credentials

    async def renew(self, refused: Credentials) -> Credentials | None:
        async with self._lock:
            if self._printed is None or self._printed.credentials is refused:
                self._printed = await self._run()
            return self._printed.credentials if self._printed.credentials != refused else None

    async def _run(self) -> Printed:
        if self._failure:
            raise self._failure
        try:
            return _read(await run_plugin(self._plugin, self._cluster, self._environment), self._plugin)
        except GrpcdemoError as error:
            self._failure = error
            raise


@dataclass(frozen=True)
class Printed:
    """What a plugin printed."""

    credentials: Credentials
    expires: datetime | None

    def has_expired(self, now: datetime) -> bool:
        return self.expires is not None and now > self.expires


async def run_plugin(plugin: ExecPlugin, cluster: Cluster, environment: Mapping[str, str]) -> bytes:
    """Run *plugin*; what it prints on stdout."""
    is_interactive = _may_ask(plugin)
    info = json.dumps(exec_info(plugin, cluster, is_interactive=is_interactive), separators=(",", ":"))
    try:
        process = await asyncio.create_subprocess_exec(
            _find_program(plugin),
            *plugin.arguments,
            stdin=None if is_interactive else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**environment, **dict(plugin.environment), INFO: info},
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "one of its arguments or variables is invalid"
        raise GrpcdemoError(f"the credential plugin {_name(plugin)} cannot be run: {reason}") from error
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise GrpcdemoError(
            f"the credential plugin {_name(plugin)} failed with exit code {process.returncode}",
            hint=Hint("its own message is above; once it works, ", Kubectl("get", "ns"), " does too"),
        )
    return output


def _may_ask(plugin: ExecPlugin) -> bool:
    """Whether *plugin* gets the terminal as stdin."""
    may_ask = plugin.interactive_mode != "Never" and os.isatty(STDIN)
    if plugin.interactive_mode == "Always" and not may_ask:
        raise GrpcdemoError(
            f"the credential plugin {_name(plugin)} needs input, but stdin is not a terminal",
            hint="run the command in a terminal, or use non-interactive credentials, such as a service account token",
        )
    return may_ask


def _find_program(plugin: ExecPlugin) -> str:
    """Its path: what has no slash is looked for in PATH."""
    if path := shutil.which(plugin.command):
        return path
    is_there = "/" in plugin.command and Path(plugin.command).exists()
    raise GrpcdemoError(
        f"the credential plugin {_name(plugin)} of {plugin.place.entry} is not "
        + ("a program" if is_there else "installed"),
        hint=" ".join(plugin.install_hint.split()) or f"install {_name(plugin)}, or fix {plugin.place}, command",
    )


def exec_info(plugin: ExecPlugin, cluster: Cluster, *, is_interactive: bool) -> dict[str, Any]:
    """The `ExecCredential` that tells the plugin what is wanted."""
    spec: dict[str, Any] = {"interactive": is_interactive}
    if plugin.provide_cluster_info:
        authority = cluster.authority
        described = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure,
            "certificate-authority-data": base64.b64encode(authority.data).decode() if authority else "",
            "proxy-url": cluster.proxy_url,
            "disable-compression": cluster.disable_compression,
        }
        spec["cluster"] = {name: value for name, value in described.items() if value}
        spec["cluster"]["config"] = cluster.exec_extension
    return {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}


def _read(output: bytes, plugin: ExecPlugin) -> Printed:
    """The credentials in what *plugin* printed. No error shows any of it."""
    try:
        content = parse_yaml(output)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("kind") != "ExecCredential":
        raise _wrong(plugin, "printed no ExecCredential")
    if content.get("apiVersion") != plugin.api_version:
        raise _wrong(plugin, f"printed another apiVersion than {plugin.api_version}")
    status = content.get("status")
    if not isinstance(status, dict):
        raise _wrong(plugin, "printed no status")
    fields = Fields(plugin.place.file, f"output of {_name(plugin)}", status)
    token, *pair = (fields.text(name) for name in ("token", *PAIR))
    if any(pair) != all(pair):
        raise _wrong(plugin, "printed a certificate without its key, or a key without its certificate")
    if not token and not all(pair):
        raise _wrong(plugin, "printed neither a token nor a certificate")
    if not token.isprintable():
        raise _wrong(plugin, "printed a token with a control character in it")
    certificate, key = (Pem(pem.encode(), fields.place(name)) for pem, name in zip(pair, PAIR, strict=True))
    return Printed(
        Credentials(bearer(token) if token else "", KeyPair(certificate, key) if all(pair) else None),
        _read_time(fields.text("expirationTimestamp"), plugin),
    )


def _read_time(text: str, plugin: ExecPlugin) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        raise _wrong(plugin, "printed an invalid expirationTimestamp") from None


def _wrong(plugin: ExecPlugin, what: str) -> GrpcdemoError:
    return GrpcdemoError(
        f"the credential plugin {_name(plugin)} {what}",
        hint=f"update it, or check {plugin.place}",
    )


def _name(plugin: ExecPlugin) -> str:
    """The program's, without arguments that somebody wrote behind it."""
    return printable(Path(plugin.command.partition(" ")[0]).name)
