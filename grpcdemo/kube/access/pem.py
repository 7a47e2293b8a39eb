"""Certificates and keys in PEM: in a field of an entry, or in a file that a field names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grpcdemo.kube.access.fields import Fields, Place, printable


@dataclass(frozen=True)
class Pem:
    """Certificates or a key in PEM, and the field that they come from."""

    data: bytes = field(repr=False)
    place: Place


@dataclass(frozen=True)
class KeyPair:
    """A client certificate and its key."""

    certificate: Pem
    key: Pem


def read_pem(fields: Fields, name: str) -> Pem | None:
    """What the field NAME-data holds, or the file that the field NAME names."""
    data_name = f"{name}-data"
    path, data = fields.path(name), fields.data(data_name)
    if path and data:
        raise fields.place(name).error(f"cannot be combined with {data_name}: remove one of them")
    if data:
        return Pem(data, fields.place(data_name))
    return read_pem_file(fields.place(name), path) if path else None


def read_pem_file(place: Place, path: Path) -> Pem:
    """What is in the file at *path*, which the field at *place* names."""
    try:
        return Pem(path.read_bytes(), place)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise place.error(f"cannot read {printable(str(path))}: {reason}") from error


def read_key_pair(fields: Fields) -> KeyPair | None:
    certificate, key = read_pem(fields, "client-certificate"), read_pem(fields, "client-key")
    if certificate and key:
        return KeyPair(certificate, key)
    if certificate or key:
        lacking = "client-key" if certificate else "client-certificate"
        raise fields.place(lacking).error(f"is missing: a client certificate needs both, {lacking} or {lacking}-data")
    return None
