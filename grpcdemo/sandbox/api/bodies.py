"""Decodes a request's body: from bytes to a checked object, or a StatusError."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.fields import WrongType, check_fields
from grpcdemo.sandbox.api.protobuf import decode_protobuf
from grpcdemo.sandbox.api.status import StatusError

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True)
class Body:
    """A parsed body, before it is checked. `duplicates` are the names of repeated fields."""

    content: Any
    duplicates: list[str] = field(default_factory=list)


def parse(data: bytes, content_type: str, kind: str) -> Body:
    """*kind* is that of the path, for the error."""
    if content_type not in ("", JSON, PROTOBUF):
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise StatusError("UnsupportedMediaType", message + ", ".join((JSON, PROTOBUF)))
    try:
        return Body(decode_protobuf(data)) if content_type == PROTOBUF else parse_json(data)
    except (ValueError, RecursionError) as error:
        why = "couldn't get version/kind; json parse error"
        message = f"the object provided is unrecognized (must be of type {kind}): {why}: {error}"
        raise StatusError("BadRequest", message) from error


def parse_json(data: bytes) -> Body:
    """Raises ValueError."""
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> Object:
        names = Counter(name for name, _ in pairs)
        duplicates.extend(sorted(name for name, count in names.items() if count > 1))
        return dict(pairs)

    return Body(json.loads(data, object_pairs_hook=collect, parse_constant=_refuse_constant), duplicates)


def check(body: Body, api_version: str, kind: str, validation: str) -> tuple[Object, list[str]]:
    """The object, and what to warn of. *validation* is `Strict`, `Warn` or `Ignore`.

    Raises StatusError (BadRequest): another kind than the path's, a wrong type, or, if strict, an unknown field.
    """
    obj = body.content
    if not isinstance(obj, dict):
        raise StatusError("BadRequest", f"the object provided is unrecognized (must be of type {kind}): no object")
    sent_version, sent_kind = obj.get("apiVersion") or api_version, obj.get("kind") or kind
    refused = f'{sent_kind} in version "{str(sent_version).rpartition("/")[2]}" cannot be handled as a {kind}: '
    if (sent_version, sent_kind) != (api_version, kind):
        raise StatusError("BadRequest", f'{refused}no kind "{sent_kind}" is registered for version "{sent_version}"')
    try:
        known, unknown = check_fields(obj, kind)
    except WrongType as error:
        raise StatusError("BadRequest", f"{refused}{error}") from error
    problems = [*(f'duplicate field "{name}"' for name in body.duplicates), *unknown]
    if problems and validation == "Strict":
        raise StatusError("BadRequest", f"{refused}strict decoding error: {', '.join(problems)}")
    known.setdefault("metadata", {})
    return {"apiVersion": api_version, "kind": kind, **known}, problems if validation == "Warn" else []


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
