"""Waiting until deleted objects are gone and, when they stay, saying what blocks them."""

from __future__ import annotations

from collections.abc import Mapping

from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.advice import advise_on_termination, describe_terminating
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.ownership import CREATED
from grpcdemo.kube.streams.watch import Mirror, Query, wait_until
from grpcdemo.kube.trouble import Terminating, read_terminating
from grpcdemo.model.progress import Reporter, Waiting
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, PODS


async def wait_until_namespace_gone(api: Api, namespace: Object, *, timeout_s: float, report: Reporter) -> bool:
    """Wait for the end of exactly this namespace; False if another one has its name by then.

    Raises GrpcdemoError, which names the conditions and finalizers in the way, after *timeout_s*.
    """
    metadata = namespace["metadata"]
    queries = {"namespaces": Query(NAMESPACES, fields=f"metadata.name={metadata['name']}")}
    return await _wait_until_gone(api, queries, uid=metadata["uid"], timeout_s=timeout_s, report=report)


async def wait_until_ours_gone(api: Api, namespace: str, *, timeout_s: float, report: Reporter) -> None:
    """Wait until nothing in the namespace carries our label. Raises as above."""
    queries = {resource.plural: Query(resource, namespace, OURS) for resource in (*CREATED, PODS)}
    await _wait_until_gone(api, queries, timeout_s=timeout_s, report=report)


async def _wait_until_gone(
    api: Api, queries: Mapping[str, Query], *, uid: str | None = None, timeout_s: float, report: Reporter
) -> bool:
    """Whether nothing at all is left that matches the queries; with a *uid*, only that object is waited for."""
    async with Mirror(api, queries) as mirror:

        def left() -> list[Terminating]:
            return [
                read_terminating(query.resource, obj)
                for name, query in queries.items()
                for obj in mirror[name]
                if uid is None or obj["metadata"]["uid"] == uid
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
