"""Validates names and labels, and generates names."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, SERVICES, Resource
from grpcdemo.sandbox.api.status import Cause

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no lookalikes: a generated name must not spell a word."""
SUFFIX = 5
LONGEST_BASE = 58

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = f"({NAME_PART})?"

SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    f"start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
)
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    f"end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
)
NAME_PART_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    f"alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME_PART}')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    f"is '{LABEL_VALUE}')"
)


def make_name(base: str) -> str:
    """A new name that starts with *base*, a `generateName`."""
    return base[:LONGEST_BASE] + "".join(secrets.choice(ALPHABET) for _ in range(SUFFIX))


def check_name(resource: Resource, name: str) -> Iterator[Cause]:
    field, short = "metadata.name", resource in (NAMESPACES, SERVICES)
    longest = 63 if short else 253
    if not name:
        yield Cause.required(field, "name or generateName is required")
    elif len(name) > longest:
        yield Cause.wrong(field, name, f"must be no more than {longest} bytes")
    elif short and "." in name:
        yield Cause.wrong(field, name, "must not contain dots")
    elif not re.fullmatch(LABEL if short else SUBDOMAIN, name):
        yield Cause.wrong(field, name, LABEL_RULE if short else SUBDOMAIN_RULE)


def check_labels(labels: Mapping[str, Any], field: str) -> Iterator[Cause]:
    for key, value in labels.items():
        yield from check_key(key, field)
        if len(value) > 63:
            yield Cause.wrong(field, value, "must be no more than 63 bytes")
        elif not re.fullmatch(LABEL_VALUE, value):
            yield Cause.wrong(field, value, VALUE_RULE)


def check_key(key: str, field: str) -> Iterator[Cause]:
    """The key of a label or annotation: a name, or a domain, a slash and a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and not re.fullmatch(SUBDOMAIN, prefix):
        yield Cause.wrong(field, key, f"prefix part {SUBDOMAIN_RULE}")
    elif len(name) > 63:
        yield Cause.wrong(field, key, "name part must be no more than 63 bytes")
    elif not re.fullmatch(NAME_PART, name):
        yield Cause.wrong(field, key, NAME_PART_RULE)


def check_metadata(resource: Resource, obj: Object) -> Iterator[Cause]:
    metadata = obj["metadata"]
    yield from check_name(resource, metadata.get("name", ""))
    yield from check_labels(metadata.get("labels", {}), "metadata.labels")
    for key in metadata.get("annotations", {}):
        yield from check_key(key.lower(), "metadata.annotations")
