"""Bodies in Kubernetes' binary encoding, as far as kubectl sends them and knows no other way.

`kubectl create namespace`, `create serviceaccount`, `auth can-i` and `auth whoami` write protobuf whatever the server
says it takes, and do not fall back to JSON when told 415. Their messages are small; the field numbers below are from
`generated.proto` of k8s.io/api. Every other kind in this encoding is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.status import StatusError

AS_JSON = "add `--dry-run=client -o yaml | kubectl create -f -`, which sends JSON"
MAGIC = b"k8s\x00"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

Message = dict[int, tuple[str, Any]]
"""For each field number: its JSON name and its type: str, bool, a message, or one of these in a list."""

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
    "SelfSubjectReview": {1: ("metadata", METADATA)},
}
TYPE: Message = {1: ("apiVersion", str), 2: ("kind", str)}
ENVELOPE: Message = {1: ("type", TYPE), 2: ("raw", bytes)}
"""`runtime.Unknown`: which kind, and its encoded message."""


def decode_protobuf(data: bytes) -> Object:
    """The object in *data*. Raises StatusError (BadRequest, UnsupportedMediaType)."""
    if not data.startswith(MAGIC):
        raise StatusError("BadRequest", "provided data does not appear to be a protobuf message")
    try:
        envelope = _decode(memoryview(data)[len(MAGIC) :], ENVELOPE)
        kind = envelope["type"]["kind"]
        if kind not in MESSAGES:
            message = f"the sandbox does not take a {kind} as protobuf: {AS_JSON}"
            raise StatusError("UnsupportedMediaType", message)
        return {**envelope["type"], **_decode(memoryview(envelope.get("raw", b"")), MESSAGES[kind])}
    except (IndexError, KeyError, ValueError) as error:
        raise StatusError("BadRequest", f"the protobuf message cannot be read: {error}") from error


def _decode(data: memoryview, message: Message) -> Object:
    """A field that is empty is one that is not there; a field that *message* does not name is passed over."""
    found: Object = {}
    for number, value in _fields(data):
        name, kind = message.get(number, ("", None))
        if kind is MAP:
            entry = _decode(value, MAP)
            found.setdefault(name, {})[entry.get("key", "")] = entry.get("value", "")
        elif isinstance(kind, dict):
            found[name] = _decode(value, kind)
        elif kind is str and len(value):
            found[name] = bytes(value).decode()
        elif kind in (bytes, bool):
            found[name] = kind(value)
    return found


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == BYTES:
            size, at = _varint(data, at)
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} is not known")
        if at + size > len(data):
            raise ValueError("it ends too early")
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number at *at*, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
