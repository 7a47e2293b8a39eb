"""The client for one context of a kubeconfig, or for the cluster around a pod."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from urllib.parse import urlsplit

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.kube.access.cluster_parser import parse_cluster
from grpcdemo.kube.access.entries import Cluster, User
from grpcdemo.kube.access.fields import ANOTHER, Fields, printable
from grpcdemo.kube.access.hosts import is_this_machine
from grpcdemo.kube.access.kubeconfig import Entries, Kubeconfig, read_entries
from grpcdemo.kube.access.proxies import choose_proxy
from grpcdemo.kube.access.service_account import Pod
from grpcdemo.kube.access.user_parser import parse_user
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.patience import PATIENCE, Patience
from grpcdemo.model.progress import Reporter, unreported
from grpcdemo.model.target import Target
from grpcdemo.near_miss import suggest

SHOWN_CONTEXTS = 8
"""In a hint; a company's kubeconfig may have hundreds."""
IN_CLUSTER = "in-cluster"
"""What stands for a context where there is none."""


async def connect(
    kubeconfig: Kubeconfig,
    *,
    context: str | None = None,
    sandbox: bool = False,
    dry_run: bool = False,
    patience: Patience = PATIENCE,
    pod: Pod | None = None,
    environment: Mapping[str, str] = os.environ,
    report: Reporter = unreported,
) -> Api:
    """The API of *context*, or else of the current context; sends no request yet. The rest is as `Api` has it.

    Where neither an option nor a file names a cluster, it is the one around the *pod* that the program runs in, as for
    kubectl. Raises UsageError if there is no cluster, no such context, or the kubeconfig is broken.
    """
    from grpcdemo.kube.client.dial import dial  # not before, see there

    entries = read_entries(kubeconfig)
    in_cluster = pod if entries.is_empty and not context and not kubeconfig.option else None
    if in_cluster:
        name, (cluster, user) = IN_CLUSTER, read_service_account(in_cluster, kubeconfig)
    else:
        name = _choose_context(entries, kubeconfig, context)
        cluster, user = read_context(entries, name)
    proxy = choose_proxy(
        cluster.server, proxy_url=cluster.proxy_url, source=f"{cluster.place}, proxy-url", environment=environment
    )
    target = Target(
        context=name,
        server=cluster.server,
        implied=not (context or kubeconfig.option or in_cluster),
        local=proxy is None and is_this_machine(urlsplit(cluster.server).hostname or ""),
        sandbox=sandbox,
        cluster="" if in_cluster else entries.contexts[name].text("cluster"),
        kubeconfig=kubeconfig.option,
        in_cluster=in_cluster is not None,
        namespace=in_cluster.namespace if in_cluster else entries.contexts[name].text("namespace"),
    )
    reread = partial(_reread, kubeconfig, name)
    exchange = dial(
        cluster, user, proxy, context=name, reread=reread, environment=environment, patience=patience, report=report
    )
    return Api(exchange, target, dry_run=dry_run)


def load() -> None:
    """Import what `connect` needs. Who waits for something else before can have it done meanwhile, in a thread."""
    import_module("grpcdemo.kube.client.dial")


def read_service_account(pod: Pod, kubeconfig: Kubeconfig) -> tuple[Cluster, User]:
    """The cluster around *pod*, and its service account as user."""
    if not pod.has_token:
        raise UsageError(
            f"no cluster: there is no kubeconfig at {kubeconfig}, and this pod has no token of a service account",
            hint="set `automountServiceAccountToken: true`, name a kubeconfig with --kubeconfig, or use --sandbox",
        )
    return pod.cluster, pod.user


def _choose_context(entries: Entries, kubeconfig: Kubeconfig, context: str | None) -> str:
    name = context or entries.current_context
    if name in entries.contexts:
        return name
    if not kubeconfig.exists:
        raise UsageError(
            f"no cluster: there is no kubeconfig at {kubeconfig}",
            hint="name one with --kubeconfig, create a cluster with `kind create cluster`, or use --sandbox",
        )
    if not name:
        raise UsageError(
            f"no current context in {kubeconfig}",
            hint="name one with --context (`kubectl config get-contexts` lists them), or use --sandbox",
        )
    contexts = [printable(one) for one in sorted(entries.contexts)]
    raise UsageError(
        f"there is no context {printable(name)} in {kubeconfig}",
        hint=f"{suggest(name, contexts)}{_list_contexts(contexts)}",
    )


def _list_contexts(contexts: Sequence[str]) -> str:
    more = "; `kubectl config get-contexts` lists all" if len(contexts) > SHOWN_CONTEXTS else ""
    return f"the contexts are {', '.join(contexts[:SHOWN_CONTEXTS])}{more}" if contexts else "it has no contexts"


def read_context(entries: Entries, name: str) -> tuple[Cluster, User]:
    """The cluster and the user of the context *name*, which there is."""
    context = entries.contexts[name]
    context.refuse_misspelled(("cluster", "user", "namespace", "extensions"))
    cluster = parse_cluster(_entry(context, "cluster", entries.clusters))
    user = context.text("user")
    fields = _entry(context, "user", entries.users) if user else Fields(context.file, context.entry, {})
    return cluster, parse_user(fields, cluster)


def _entry(context: Fields, name: str, entries: Mapping[str, Fields]) -> Fields:
    named = context.text(name)
    if not named:
        raise context.place(name).error("is missing")
    if named not in entries:
        raise context.place(name).error(f"there is no {name} {printable(named)} in any file", hint=ANOTHER)
    return entries[named]


def _reread(kubeconfig: Kubeconfig, context: str) -> User | None:
    """The user as the files have it now; None if they cannot be used any more."""
    try:
        return read_context(read_entries(kubeconfig), context)[1]
    except (GrpcdemoError, LookupError):
        return None
