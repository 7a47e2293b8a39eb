"""May this user do all that the demo does? Asks the API server, which knows every authorizer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from grpcdemo.errors import Hint
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.client.request import Request
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.model.check import Check, State
from grpcdemo.resources.resource import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    LEASES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Resource,
)
from grpcdemo.steps.up import UpConfig


@dataclass(frozen=True)
class Right:
    """A verb on a resource, in the demo's namespace or, with *everywhere*, in all."""

    verb: str
    resource: Resource
    subresource: str = ""
    everywhere: bool = False

    def __str__(self) -> str:
        name = f"{self.resource.qualified}/{self.subresource}" if self.subresource else self.resource.qualified
        return f"{self.verb} {name}"


def _rights(resource: Resource, verbs: str) -> Iterator[Right]:
    return (Right(verb, resource) for verb in verbs.split())


NEEDED = (
    *_rights(NAMESPACES, "get patch"),
    *_rights(SERVICES, "get list create patch delete"),
    *_rights(DEPLOYMENTS, "get list watch create patch delete"),
    *_rights(REPLICA_SETS, "list watch"),
    *_rights(PODS, "list watch create"),
    Right("get", PODS, "log"),
    *_rights(LEASES, "get create patch delete"),
)
OF_A_NEW_NAMESPACE = (*_rights(NAMESPACES, "create delete"),)
HELPFUL = (
    Right("list", MUTATING_WEBHOOKS, everywhere=True),
    Right("list", ENDPOINT_SLICES),
    Right("list", EVENTS),
    Right("list", DEPLOYMENTS, everywhere=True),
)
"""Without these, the demo runs, and explains less."""


async def check_rights(api: Api, config: UpConfig) -> Check:
    is_new = await find_namespace(api, config.namespace) is None
    needed = (*NEEDED, *OF_A_NEW_NAMESPACE) if is_new else NEEDED
    missing, unhelped = await asyncio.gather(_missing(api, config, needed), _missing(api, config, HELPFUL))
    if missing:
        return Check("rights", State.FAILED, f"you may not {_listed(missing)}", advice=_advise(missing[0], config))
    if unhelped:
        summary = f"you may not {_listed(unhelped)}: the demo runs, and explains less"
        return Check("rights", State.WARNING, summary, advice=_advise(unhelped[0], config))
    return Check("rights", State.OK, f"you may do all that the demo does in namespace {config.namespace}")


async def _missing(api: Api, config: UpConfig, rights: tuple[Right, ...]) -> list[Right]:
    allowed = await asyncio.gather(*(_is_allowed(api, right, config.namespace) for right in rights))
    return [right for right, is_allowed in zip(rights, allowed, strict=True) if not is_allowed]


async def _is_allowed(api: Api, right: Right, namespace: str) -> bool:
    return await api.may(
        right.verb,
        right.resource,
        name=namespace if right.resource == NAMESPACES else None,
        namespace=namespace if right.resource.namespaced and not right.everywhere else None,
        subresource=right.subresource or None,
    )


def _listed(rights: list[Right]) -> str:
    return ", ".join(map(str, rights))


def _advise(right: Right, config: UpConfig) -> Hint:
    namespace = config.namespace if right.resource.namespaced and not right.everywhere else None
    request = Request(right.verb, right.resource, namespace, subresource=right.subresource or None)
    return Hint("ask for the permission, or name a namespace of yours with --namespace; check with ", request.can_i)
