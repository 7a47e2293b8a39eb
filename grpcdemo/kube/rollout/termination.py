"""Waiting until deleted objects are gone and, when they stay, saying what blocks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.advice import advise_on_termination, describe_terminating
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.ownership import CREATED, list_ours
from grpcdemo.kube.streams.watch import Mirror, Query, wait_until
from grpcdemo.kube.symptoms import read_terminating
from grpcdemo.kube.trouble import Terminating
from grpcdemo.model.progress import Reporter, Waiting
from grpcdemo.resources.objects import Object, controller_of, is_terminating, uid_of
from grpcdemo.resources.resource import NAMESPACES, PODS, REPLICA_SETS

DELETED = (*CREATED, REPLICA_SETS, PODS)
"""What we delete and what goes with it, each after what creates it."""


async def wait_until_namespace_gone(api: Api, namespace: Object, *, timeout_s: float, report: Reporter) -> bool:
    """Wait for the end of exactly this namespace; False if another one has its name by then.

    Raises GrpcdemoError, which names the conditions and finalizers in the way, after *timeout_s*.
    """
    name, uid = namespace["metadata"]["name"], uid_of(namespace)
    queries = {"namespaces": Query(NAMESPACES, fields=f"metadata.name={name}")}
    return await _wait_until_gone(api, queries, lambda obj: uid_of(obj) == uid, timeout_s=timeout_s, report=report)


async def leaving_uids(api: Api, namespace: str) -> set[str]:
    """The UIDs of what carries our label and is terminating, or has a controller: it goes when that is deleted."""
    ours = await asyncio.gather(*(list_ours(api, resource, namespace) for resource in DELETED))
    return {uid_of(obj) for objects in ours for obj in objects if is_terminating(obj) or controller_of(obj)}


async def wait_until_gone(
    api: Api, namespace: str, uids: Collection[str], *, timeout_s: float, report: Reporter
) -> None:
    """Wait for the end of the objects with these *uids*, and of all that they still create. Raises as above.

    Labels do not tell which these are: somebody may remove one of ours, or create other objects with them.
    """
    awaited = set(uids)

    def is_awaited(obj: Object) -> bool:
        if (controller_of(obj) or {}).get("uid") in awaited:
            awaited.add(uid_of(obj))
        return uid_of(obj) in awaited

    queries = {resource.plural: Query(resource, namespace) for resource in DELETED}
    await _wait_until_gone(api, queries, is_awaited, timeout_s=timeout_s, report=report)


async def _wait_until_gone(
    api: Api,
    queries: Mapping[str, Query],
    is_awaited: Callable[[Object], bool],
    *,
    timeout_s: float,
    report: Reporter,
) -> bool:
    """Wait for the end of the awaited objects; whether nothing at all is left then that matches the queries."""
    async with Mirror(api, queries) as mirror:

        def left() -> list[Terminating]:
            return [
                read_terminating(query.resource, obj)
                for name, query in queries.items()
                for obj in mirror[name]
                if is_awaited(obj)
            ]

        def gone() -> bool | None:
            if not (terminating := left()):
                return True
            report(Waiting(f"{', '.join(map(describe_terminating, terminating))} to be gone"))
            return None

        if not await wait_until(mirror, gone, timeout_s=timeout_s, report=report):
            raise GrpcdemoError(
                f"still terminating after {format_duration(timeout_s)}: {', '.join(map(describe_terminating, left()))}",
                hint=advise_on_termination(left()),
            )
        return not any(mirror[name] for name in queries)
