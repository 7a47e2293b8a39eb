"""What a rule finds: a cause, the evidence for it, and what cures it. Values: a view words them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import ObjectReference, reference_to
from grpcdemo.resources.resource import Resource
from grpcdemo.word import Word


class Severity(Word):
    """What a cause does to the calls of a client."""

    PINS = "pins"
    """They stay on one pod."""
    ERRORS = "errors"
    """They fail, or some of them do."""
    MAY_PIN = "may-pin"
    """They stay on one pod, or on a few, if something holds that no object shows."""
    UNKNOWN = "unknown"
    """It could not be looked at."""
    OBSCURES = "obscures"
    """They are balanced all the same; it only misleads who looks."""


@dataclass(frozen=True)
class Evidence:
    """Where it stands: an object, a field of it, and the field's value."""

    reference: ObjectReference
    path: str
    value: str | None
    """None if it is not set."""


@dataclass(frozen=True)
class Remedy:
    """What cures it."""

    steps: tuple[tuple[Kubectl, ...], ...] = ()
    """Commands in their order; each is a pipe of one or more."""
    note: str = ""
    """What no command does, or what to know before one is typed."""

    def lines(self, flags: Sequence[str] = ()) -> list[str]:
        """Each step as typed in a shell, with the *flags* that choose the cluster."""
        return [" | ".join(command.text(flags) for command in pipe) for pipe in self.steps]


@dataclass(frozen=True)
class Finding:
    """A cause that applies, or that could not be looked at."""

    id: str
    """Stable: scripts and the README's anchors use it."""
    severity: Severity
    summary: str
    evidence: tuple[Evidence, ...] = ()
    remedy: Remedy = Remedy()


Findings = Iterator[Finding]


def field(resource: Resource, obj: Object, path: str, value: Any) -> Evidence:
    """Evidence in *obj*. A value that is no text is shown as JSON."""
    text = value if value is None or isinstance(value, str) else _json(value)
    return Evidence(reference_to(resource, obj), path, text)


def run(*commands: Kubectl, note: str = "") -> Remedy:
    return Remedy(tuple((command,) for command in commands), note)


def merge_patch(reference: ObjectReference, body: Object) -> Kubectl:
    return _patch(reference, "merge", body)


def strategic_patch(reference: ObjectReference, body: Object) -> Kubectl:
    """Finds containers by their names; only Kubernetes' own kinds know it."""
    return _patch(reference, "strategic", body)


def json_patch(reference: ObjectReference, *operations: Object) -> Kubectl:
    return _patch(reference, "json", list(operations))


def _patch(reference: ObjectReference, kind: str, body: Any) -> Kubectl:
    target = (reference.resource.singular, reference.name)
    return Kubectl("patch", *target, f"--type={kind}", "--patch", _json(body), namespace=reference.namespace)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
