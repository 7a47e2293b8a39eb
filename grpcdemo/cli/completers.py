"""Shell completion of values: contexts of the kubeconfig, namespaces and Services of the target.

It is silent and soon there: nothing is offered where there is no cluster, or one that does not answer at once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from grpcdemo.cli.target import connect_to_target
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.access.kubeconfig import find_kubeconfig, read_entries
from grpcdemo.model.progress import unreported
from grpcdemo.resources.resource import NAMESPACES, SERVICES, Resource

STDERR = 2
PATIENCE_S = 0.3
"""How long the API server may take."""


def complete_contexts(ctx: typer.Context, incomplete: str) -> list[str]:
    """The contexts of the kubeconfig that is typed, or else implied."""
    return _offer(lambda: read_entries(find_kubeconfig(_text(ctx, "kubeconfig"))).contexts, incomplete)


def complete_namespaces(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offer(lambda: asyncio.run(_list_names(ctx, NAMESPACES)), incomplete)


def complete_services(ctx: typer.Context, incomplete: str) -> list[str]:
    """`svc/NAME` of each Service in the namespace that is typed, or else in the context's."""
    return _offer(lambda: [f"svc/{name}" for name in asyncio.run(_list_names(ctx, SERVICES))], incomplete)


@dataclass(frozen=True)
class _Typed:
    """The options that choose the target, as far as they are typed."""

    context: str | None
    kubeconfig: str | None
    sandbox: bool

    @property
    def name_cluster(self) -> bool:
        return bool(self.context or self.kubeconfig)


async def _list_names(ctx: typer.Context, resource: Resource) -> list[str]:
    typed = _Typed(_text(ctx, "context"), _text(ctx, "kubeconfig"), bool(ctx.params.get("sandbox")))

    async with connect_to_target(
        typed, starts=False, stops=False, dry_run=False, announce=lambda _: None, report=unreported
    ) as api:
        namespace = (_text(ctx, "namespace") or api.target.own_namespace) if resource.namespaced else None
        objects = await asyncio.wait_for(api.list(resource, namespace=namespace), PATIENCE_S)
        return [obj["metadata"]["name"] for obj in objects["items"]]


def _offer(read: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    """What *read* returns and begins with *incomplete*; nothing if that fails, and no word about it."""
    with _silence():
        try:
            return sorted(name for name in read() if name.startswith(incomplete))
        except (GrpcdemoError, OSError, asyncio.TimeoutError):
            return []


@contextmanager
def _silence() -> Iterator[None]:
    """Let nobody write to stderr, such as a credential plugin: it would end up between the words of a command line."""
    kept = os.dup(STDERR)
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)


def _text(ctx: typer.Context, option: str) -> str | None:
    value: str | None = ctx.params.get(option)
    return value
