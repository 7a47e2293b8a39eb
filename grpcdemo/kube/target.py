"""Which Kubernetes API a command talks to, found as kubectl finds it, and the client for it."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException, load_kube_config

from grpcdemo import __version__
from grpcdemo.errors import UsageError
from grpcdemo.kube.api import Api
from grpcdemo.model import Target

LOCAL_NAMES = {"localhost", "kubernetes.docker.internal", "host.docker.internal", "host.minikube.internal"}

NO_CONTEXT = "name one with --context, as `kubectl config get-contexts` lists them, or go to the --sandbox"
ANOTHER = "mend it, name another with --kubeconfig, or go to the --sandbox"

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one written in C, where PyYAML was built with it: the certificates in a kubeconfig make it long."""


def current_context(kubeconfig: str | None) -> str | None:
    """The current context of *kubeconfig*, or of the default kubeconfig; None where there is none."""
    for path in _paths(kubeconfig):
        if path.is_file() and (name := (_read(path) or {}).get("current-context")):
            return str(name)
    return None


async def connect(*, context: str | None, kubeconfig: str | None, sandbox: bool = False) -> Api:
    """The API that *context* of *kubeconfig* names, or else the current context; nothing is asked of it yet.

    Raises UsageError where there is no kubeconfig, no such context, or the kubeconfig is broken.
    """
    paths = _paths(kubeconfig)
    found = [path for path in paths if path.is_file()]
    if not found:
        raise UsageError(
            f"no cluster: there is no kubeconfig at {os.pathsep.join(map(str, paths))}",
            hint="name one with --kubeconfig, make a cluster with `kind create cluster`, or go to the --sandbox",
        )
    files = os.pathsep.join(map(str, found))
    current = [_read(path).get("current-context") for path in found]
    name = context or next((name for name in current if name), None)
    if name is None:
        raise UsageError(f"no current context in {files}", hint=NO_CONTEXT)
    configuration = await load_configuration(files, name)
    host = configuration.host
    implied = not (context or kubeconfig or os.environ.get("KUBECONFIG"))
    target = Target(name, host, implied, _is_local(host), sandbox, kubeconfig or None)
    client = ApiClient(configuration)
    client.user_agent = f"grpcdemo/{__version__}"
    return Api(client, target, reload=lambda: load_configuration(files, name))


async def load_configuration(files: str, context: str) -> Any:
    """The client library's configuration for *context*, with credentials as fresh as they can be had."""
    configuration = Configuration()
    # kubectl accepts certificate authorities that Python 3.13's stricter default does not.
    configuration.disable_strict_ssl_verification = True
    # Each log that is followed has a connection of its own; the hundred and first would wait for ever.
    configuration.connection_pool_maxsize = 0
    try:
        await load_kube_config(config_file=files, context=context, client_configuration=configuration)
    except (ConfigException, KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(
            f"context {context} of {files} cannot be used: {error}",
            hint="`kubectl config get-contexts` lists the contexts",
        ) from error
    return configuration


def _paths(kubeconfig: str | None) -> list[Path]:
    named = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(part).expanduser() for part in named.split(os.pathsep) if part]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())  # what is wrong with YAML is told in several lines
        raise UsageError(f"the kubeconfig {path} cannot be read: {why}", hint=ANOTHER) from error
    if not isinstance(content, dict):
        raise UsageError(f"the kubeconfig {path} is empty or not a kubeconfig", hint=ANOTHER)
    return content


def _is_local(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
