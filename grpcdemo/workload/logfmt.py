"""logfmt, as much of it as our log needs: fields `key=value`, the value in quotes where it must be.

A quoted value is a JSON string in pure ASCII. So nothing that a server sends us can break a line in two,
reach the terminal as an escape code, or fail to encode.
"""

from __future__ import annotations

import json
import re

BARE_VALUE = r"[A-Za-z0-9_.:/%-]+"
QUOTED_VALUE = r'"[ !#-\[\]-~]*(?:\\[ -~][ !#-\[\]-~]*)*"'

_BARE = re.compile(BARE_VALUE)


def format_fields(**fields: object) -> str:
    return " ".join(f"{key}={format_value(str(value))}" for key, value in fields.items())


def format_value(text: str) -> str:
    return text if _BARE.fullmatch(text) else quote(text)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def parse_value(value: str) -> str:
    """The text behind a bare or quoted value. Raises ValueError at a broken escape."""
    return str(json.loads(value)) if value.startswith('"') else value


def parse_printable(value: str) -> str:
    """The text behind a value, or the value itself where its text holds what no name does, such as the escape codes
    of terminals: it may come from a server that nobody trusts. Raises ValueError at a broken escape."""
    text = parse_value(value)
    return text if text.isprintable() else value
