"""Protobuf bodies, for the kubectl commands that send nothing else.

`kubectl create namespace`, `create serviceaccount`, and `auth can-i` write protobuf whatever the server accepts, and
do not fall back to JSON after a 415. Their messages are small; the field numbers are those of `generated.proto` in
k8s.io/api. Every other kind in this encoding is refused.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.status import StatusError

AS_JSON = "add `--dry-run=client -o yaml | kubectl create -f -`, which sends JSON"
MAGIC = b"k8s\x00"

Message = dict[int, tuple[str, Any]]
"""The JSON name and the type of each field, by its number. A type is str, bool, bytes, or another message."""

MAP: Message = {1: ("key", str), 2: ("value", str)}
METADATA: Message = {
    1: ("name", str),
    2: ("generateName", str),
    3: ("namespace", str),
    11: ("labels", MAP),
    12: ("annotations", MAP),
}
RESOURCE_ATTRIBUTES: Message = dict(
    enumerate(((name, str) for name in ("namespace", "verb", "group", "version", "resource", "subresource", "name")), 1)
)
REVIEW: Message = {
    1: ("resourceAttributes", RESOURCE_ATTRIBUTES),
    2: ("nonResourceAttributes", {1: ("path", str), 2: ("verb", str)}),
}
MESSAGES: dict[str, Message] = {
    "Namespace": {1: ("metadata", METADATA)},
    "ServiceAccount": {1: ("metadata", METADATA), 4: ("automountServiceAccountToken", bool)},
    "SelfSubjectAccessReview": {1: ("metadata", METADATA), 2: ("spec", REVIEW)},
    "SelfSubjectRulesReview": {1: ("metadata", METADATA), 2: ("spec", {1: ("namespace", str)})},
}
TYPE: Message = {1: ("apiVersion", str), 2: ("kind", str)}
ENVELOPE: Message = {1: ("type", TYPE), 2: ("raw", bytes)}
"""`runtime.Unknown`: which kind, and its encoded message."""


def decode_protobuf(data: bytes) -> Object:
    """The object in *data*. Raises StatusError (BadRequest, UnsupportedMediaType)."""
    if not data.startswith(MAGIC):
        raise StatusError("BadRequest", "provided data does not appear to be a protobuf message")
    try:
        envelope = _decode(data[len(MAGIC) :], ENVELOPE)
        kind = envelope["type"]["kind"]
        if kind not in MESSAGES:
            message = f"the sandbox does not take a {kind} as protobuf: {AS_JSON}"
            raise StatusError("UnsupportedMediaType", message)
        return {**envelope["type"], **_decode(envelope.get("raw", b""), MESSAGES[kind])}
    except (DecodeError, KeyError, ValueError) as error:
        raise StatusError("BadRequest", f"the protobuf message cannot be read: {error}") from error


def _decode(data: bytes, message: Message) -> Object:
    """An empty text counts as absent; a field that *message* does not name is skipped."""
    obj: Object = {}
    fields: Any = UnknownFieldSet(Empty.FromString(data))  # to an empty message every field is an unknown one
    for field in fields:
        name, kind = message.get(field.field_number, ("", None))
        if kind is MAP:
            entry = _decode(field.data, MAP)
            obj.setdefault(name, {})[entry.get("key", "")] = entry.get("value", "")
        elif isinstance(kind, dict):
            obj[name] = _decode(field.data, kind)
        elif kind is str and field.data:
            obj[name] = field.data.decode()
        elif kind in (bytes, bool):
            obj[name] = kind(field.data)
    return obj
