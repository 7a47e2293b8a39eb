"""Which known name a wrong one is close to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def find_near(name: str, known: Iterable[str]) -> str | None:
    """The known name that *name* is a slip of, if any; upper and lower case are one."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[close[0]] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """The beginning of a hint: `did you mean staging-eu? `, or nothing."""
    near = find_near(name, known)
    return f"did you mean {near}? " if near else ""
