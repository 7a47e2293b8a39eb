"""One line of the call log, read by itself: a call that a program under test logged, and a check of `find_calls`."""

from __future__ import annotations

import re

from grpcdemo.workload.call_log import Call, parse_ending

_LINE = re.compile(r"seq=([1-9][0-9]{0,14}) ([^\n]*)\n?")


def parse_call(line: str) -> Call | None:
    """The call that *line* tells of, or None for any other line."""
    match = _LINE.fullmatch(line)
    ending = parse_ending(match[2].encode(errors="surrogatepass")) if match else None
    return Call(int(match[1]), *ending) if match and ending else None
