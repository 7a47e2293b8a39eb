"""What a client sends: from bytes to a checked object, or a refusal in a cluster's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.fields import Cleaner, WrongType
from grpcdemo.sandbox.api.protobuf import decode_protobuf
from grpcdemo.sandbox.api.status import StatusError

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

NEXT = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair or array element",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
}
"""What Python's JSON decoder misses, and how Go's says where what it found instead stands."""

Schema = Callable[[str, str], "Object | None"]
"""The fields of the kind with this apiVersion and name, as `grpcdemo.kube.schema.describe` has them."""


@dataclass(frozen=True)
class Body:
    """What came, before it is checked. `duplicates` are the names of fields that came twice."""

    content: Any
    duplicates: list[str] = field(default_factory=list)


def parse(data: bytes, content_type: str, wanted: str) -> Body:
    """*wanted* is the kind that the path leads to, for the error."""
    if content_type not in ("", JSON, YAML, PROTOBUF):
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise StatusError("UnsupportedMediaType", message + ", ".join((JSON, YAML, PROTOBUF)))
    try:
        if content_type == PROTOBUF:
            return Body(decode_protobuf(data))
        return Body(yaml.safe_load(data)) if content_type == YAML else parse_json(data)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        why = "couldn't get version/kind; json parse error"
        said = f"the object provided is unrecognized (must be of type {wanted}): {why}: {error}"
        raise StatusError("BadRequest", said) from error


def parse_json(data: bytes) -> Body:
    """Raises ValueError where it is no JSON, worded as Go's JSON decoder does."""
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> Object:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            duplicates.extend(sorted({name for name in names if names.count(name) > 1}))
        return made

    try:
        return Body(json.loads(data, object_pairs_hook=collect, parse_constant=_refuse_constant), duplicates)
    except json.JSONDecodeError as error:
        raise ValueError(_explain(error)) from error
    except UnicodeDecodeError as error:
        raise ValueError("invalid UTF-8 in JSON input") from error
    except RecursionError as error:
        raise ValueError("exceeded max depth") from error


def check(body: Body, schema: Schema, api_version: str, kind: str, validation: str) -> tuple[Object, list[str]]:
    """The object, and what to warn of. *validation* is `Strict`, `Warn` or `Ignore`.

    Raises StatusError (BadRequest): another kind than the path's, a wrong type, or, where strict, an unknown field.
    """
    obj = body.content
    if not isinstance(obj, dict):
        raise StatusError("BadRequest", f"the object provided is unrecognized (must be of type {kind}): no object")
    sent_version, sent_kind = obj.get("apiVersion") or api_version, obj.get("kind") or kind
    refused = f'{sent_kind} in version "{str(sent_version).rpartition("/")[2]}" cannot be handled as a {kind}: '
    if (sent_version, sent_kind) != (api_version, kind):
        raise StatusError("BadRequest", f'{refused}no kind "{sent_kind}" is registered for version "{sent_version}"')
    try:
        made, problems = clean(obj, schema, api_version, kind)
    except WrongType as error:
        raise StatusError("BadRequest", f"{refused}{error}") from error
    problems = [f'duplicate field "{name}"' for name in body.duplicates] + problems
    if problems and validation == "Strict":
        raise StatusError("BadRequest", f"{refused}strict decoding error: {', '.join(problems)}")
    made.setdefault("metadata", {})
    return {"apiVersion": api_version, "kind": kind, **made}, problems if validation == "Warn" else []


def clean(obj: Object, schema: Schema, api_version: str, kind: str) -> tuple[Object, list[str]]:
    """*obj* with the fields of its kind alone, and what is wrong with the others. Raises WrongType."""
    known = schema(api_version, kind)
    if known is None:
        raise RuntimeError(f"the schema does not know {kind} of {api_version}")
    cleaner = Cleaner()
    made = cleaner.clean(obj, known)
    return made, [f'unknown field "{path}"' for path in cleaner.unknown]


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"invalid character {text[0]!r} looking for beginning of value")


def _explain(error: json.JSONDecodeError) -> str:
    at_end = error.msg.startswith("Expecting") and not error.doc[error.pos :].strip()
    if at_end or error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    return f"invalid character {error.doc[error.pos]!r} {NEXT.get(error.msg, 'where none may be')}"
