"""The client for one context of a kubeconfig."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException, load_kube_config

from grpcdemo import __version__
from grpcdemo.errors import UsageError
from grpcdemo.kube.api import PATIENCE, Api, Patience
from grpcdemo.kube.hosts import is_this_machine
from grpcdemo.kube.kubeconfig import Kubeconfig, current_context
from grpcdemo.kube.proxies import choose_proxy
from grpcdemo.model import Target


async def connect(
    kubeconfig: Kubeconfig,
    *,
    context: str | None = None,
    sandbox: bool = False,
    dry_run: bool = False,
    patience: Patience = PATIENCE,
) -> Api:
    """The API of *context*, or else of the current context; sends no request yet. The rest is as `Api` has it.

    Raises UsageError if there is no kubeconfig, no such context, or the kubeconfig is broken.
    """
    if not kubeconfig.files:
        raise UsageError(
            f"no cluster: there is no kubeconfig at {kubeconfig}",
            hint="name one with --kubeconfig, create a cluster with `kind create cluster`, or use --sandbox",
        )
    name = context or current_context(kubeconfig)
    if name is None:
        raise UsageError(
            f"no current context in {kubeconfig}",
            hint="name one with --context (`kubectl config get-contexts` lists them), or use --sandbox",
        )
    reload = partial(load_configuration, str(kubeconfig), name)
    configuration = await reload()
    implied = kubeconfig.implied and not context
    server = configuration.host
    proxy = choose_proxy(server, proxy_url=configuration.proxy or "")
    configuration.proxy = proxy.url if proxy else None
    is_local = proxy is None and is_this_machine(urlsplit(server).hostname or "")
    target = Target(name, server, implied, is_local, sandbox, kubeconfig.option)
    client = ApiClient(configuration)
    client.user_agent = f"grpcdemo/{__version__}"
    return Api(client, target, dry_run=dry_run, patience=patience, reload=reload, proxy=proxy)


async def load_configuration(files: str, context: str) -> Any:
    """The client library's configuration for *context*, with credentials as fresh as they can be had."""
    configuration = Configuration()
    # kubectl accepts certificate authorities that Python 3.13's stricter default does not.
    configuration.disable_strict_ssl_verification = True
    # Each followed log has its own connection. The default limit would block the hundred and first.
    configuration.connection_pool_maxsize = 0
    # Left to itself, aiohttp chooses a proxy by other rules than kubectl, and sends passwords out of ~/.netrc.
    configuration.client_session_kwargs = {"trust_env": False}
    try:
        await load_kube_config(config_file=files, context=context, client_configuration=configuration)
    except (ConfigException, KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(
            f"context {context} of {files} cannot be used: {error}",
            hint="`kubectl config get-contexts` lists the contexts",
        ) from error
    return configuration
