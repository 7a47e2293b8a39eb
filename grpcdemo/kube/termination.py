"""Waiting until deleted objects are gone and, when they stay, what blocks them: finalizers, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.api import Api
from grpcdemo.kube.ownership import CREATED
from grpcdemo.kube.references import ObjectReference, reference_to
from grpcdemo.kube.watch import Mirror, Query, wait_until
from grpcdemo.model import Reporter, Waiting
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object, conditions_of
from grpcdemo.resources.resource import NAMESPACES, PODS, Resource

FOREGROUND = "foregroundDeletion"
"""The garbage collector's own finalizer, which it removes by itself."""
CONDITIONS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
"""With these the namespace controller says what a terminating namespace waits for."""


@dataclass(frozen=True)
class Finalizer:
    """A finalizer that its controller has not removed."""

    name: str


@dataclass(frozen=True)
class Condition:
    """A true condition of a terminating namespace."""

    type: str
    message: str


Blocker = Finalizer | Condition


@dataclass(frozen=True)
class Terminating:
    """An object whose deletion was requested and that is still there, and what blocks it."""

    reference: ObjectReference
    blockers: tuple[Blocker, ...]

    def __str__(self) -> str:
        if not self.blockers:
            return str(self.reference)
        return f"{self.reference} ({'; '.join(map(_describe, self.blockers))})"

    @property
    def has_finalizer(self) -> bool:
        return any(
            isinstance(blocker, Finalizer) or blocker.type == "NamespaceFinalizersRemaining"
            for blocker in self.blockers
        )


def read_terminating(resource: Resource, obj: Object) -> Terminating:
    conditions = conditions_of(obj)
    reported = [(kind, conditions[kind]) for kind in CONDITIONS if conditions.get(kind, {}).get("status") == "True"]
    finalizers = [name for name in obj["metadata"].get("finalizers") or [] if name != FOREGROUND]
    return Terminating(
        reference_to(resource, obj),
        (
            *(Condition(kind, condition.get("message", kind)) for kind, condition in reported),
            *(Finalizer(name) for name in finalizers),
        ),
    )


def _describe(blocker: Blocker) -> str:
    return f"finalizer {blocker.name}" if isinstance(blocker, Finalizer) else blocker.message


async def wait_until_namespace_gone(api: Api, name: str, *, timeout_s: float, report: Reporter) -> None:
    """Raises GrpcdemoError, which names the conditions and finalizers in the way, after *timeout_s*."""
    queries = {"namespaces": Query(NAMESPACES, fields=f"metadata.name={name}")}
    await _wait_until_gone(api, queries, timeout_s=timeout_s, report=report)


async def wait_until_ours_gone(api: Api, namespace: str, *, timeout_s: float, report: Reporter) -> None:
    """Wait until nothing in the namespace carries our label. Raises as above."""
    queries = {resource.plural: Query(resource, namespace, OURS) for resource in (*CREATED, PODS)}
    await _wait_until_gone(api, queries, timeout_s=timeout_s, report=report)


async def _wait_until_gone(api: Api, queries: Mapping[str, Query], *, timeout_s: float, report: Reporter) -> None:
    async with Mirror(api, queries) as mirror:

        def left() -> list[Terminating]:
            return [read_terminating(query.resource, obj) for name, query in queries.items() for obj in mirror[name]]

        def gone() -> bool | None:
            if not (terminating := left()):
                return True
            report(Waiting(f"{', '.join(map(str, terminating))} to be gone"))
            return None

        await wait_until(mirror, gone, timeout_s=timeout_s, failure=lambda: _still_there(left(), timeout_s))


def _still_there(terminating: Sequence[Terminating], timeout_s: float) -> GrpcdemoError:
    stuck = next((one for one in terminating if one.has_finalizer), terminating[0]).reference
    look = Kubectl("get", str(stuck), "--output", "yaml", namespace=stuck.namespace)
    return GrpcdemoError(
        f"still terminating after {timeout_s:g} s: {', '.join(map(str, terminating))}",
        hint=Hint("the controller that set the finalizer must remove it: start that controller, or see ", look)
        if any(one.has_finalizer for one in terminating)
        else Hint("see ", look, ", or wait again with `grpcdemo cleanup`"),
    )
