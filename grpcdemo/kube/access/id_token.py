"""What an ID token shows without its issuer's key: its form, and when it expires."""

from __future__ import annotations

import base64
import json
import re

FORM = re.compile(r"[\w-]+\.(?P<payload>[\w-]+)\.[\w-]*", re.ASCII)


def read_expiry(token: str) -> float:
    """When *token* ends, in seconds since 1970; 0 if it does not say. Raises ValueError if it is no ID token."""
    match = FORM.fullmatch(token)
    payload = match["payload"] if match else ""
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if not isinstance(claims, dict):
        raise ValueError("it has no claims")
    expiry = claims.get("exp", 0)
    if not isinstance(expiry, int | float):
        raise ValueError("its exp is not a time")
    return float(expiry)
