"""Does this user have the demo's permissions? Asks the API server, which knows every authorizer."""

from __future__ import annotations

import asyncio

from grpcdemo.errors import Hint
from grpcdemo.kube.client.api import Api
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
from grpcdemo.resources.rights import Right
from grpcdemo.steps.up import UpConfig


def needed(namespace: str) -> list[Right]:
    return [
        Right("get", NAMESPACES, name=namespace),
        Right("patch", NAMESPACES, name=namespace),
        *_all(SERVICES, "get list create patch delete", namespace),
        *_all(DEPLOYMENTS, "get list watch create patch delete", namespace),
        *_all(REPLICA_SETS, "list watch", namespace),
        *_all(PODS, "list watch create", namespace),
        Right("get", PODS, namespace, subresource="log"),
        *_all(LEASES, "get create patch delete", namespace),
    ]


def needed_for_new(namespace: str) -> list[Right]:
    """And for a namespace that is not there yet. Nobody is asked about the name of what is created."""
    return [Right("create", NAMESPACES), Right("delete", NAMESPACES, name=namespace)]


def helpful(namespace: str) -> list[Right]:
    """Without these, the demo runs, but explains less."""
    return [
        Right("list", MUTATING_WEBHOOKS),
        Right("list", ENDPOINT_SLICES, namespace),
        Right("list", EVENTS, namespace),
        Right("list", DEPLOYMENTS),
    ]


def _all(resource: Resource, verbs: str, namespace: str) -> list[Right]:
    return [Right(verb, resource, namespace) for verb in verbs.split()]


async def check_rights(api: Api, config: UpConfig) -> Check:
    name = config.namespace
    rights = needed(name)
    if await find_namespace(api, name) is None:
        rights += needed_for_new(name)
    missing, unhelped = await asyncio.gather(_missing(api, rights), _missing(api, helpful(name)))
    if missing:
        return Check("rights", State.FAILED, f"you may not {_listed(missing)}", advice=_advise(missing[0]))
    if unhelped:
        summary = f"you may not {_listed(unhelped)}: the demo runs, but explains less"
        return Check("rights", State.WARNING, summary, advice=_advise(unhelped[0]))
    return Check("rights", State.OK, f"you have all permissions that the demo needs in namespace {config.namespace}")


async def _missing(api: Api, rights: list[Right]) -> list[Right]:
    allowed = await asyncio.gather(*map(api.may, rights))
    return [right for right, is_allowed in zip(rights, allowed, strict=True) if not is_allowed]


def _listed(rights: list[Right]) -> str:
    return ", ".join(f"{right.verb} {right.target}" for right in rights)


def _advise(right: Right) -> Hint:
    return Hint("ask for the permission, or use your own namespace with --namespace; check with ", right.can_i)
