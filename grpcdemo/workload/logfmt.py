"""logfmt, as far as the logs need it: fields `key=value`, with quotes if necessary.

A quoted value is a JSON string in ASCII. So nothing that a server sends can break a line, reach a terminal as an
escape code, or fail to encode.
"""

from __future__ import annotations

import json
import re

BARE_VALUE = r"[A-Za-z0-9_.:/%-]+"
QUOTED_VALUE = r'"[ !#-\[\]-~]*(?:\\[ -~][ !#-\[\]-~]*)*"'

_BARE = re.compile(BARE_VALUE)


def format_fields(**fields: object) -> str:
    """One line with all *fields* in order, without its line end."""
    return " ".join(f"{key}={format_value(str(value))}" for key, value in fields.items())


def format_value(text: str) -> str:
    """*text*, in quotes if it needs them."""
    return text if _BARE.fullmatch(text) else quote(text)


def quote(text: str) -> str:
    """*text* as an ASCII JSON string."""
    return json.dumps(text, ensure_ascii=True)


def parse_printable(value: str) -> str:
    """The text of a bare or quoted *value*, or *value* itself if its text is not printable.

    It may come from an untrusted server, with a terminal's escape codes in it. Raises ValueError for a broken escape.
    """
    text = str(json.loads(value)) if value.startswith('"') else value
    return text if text.isprintable() else value
