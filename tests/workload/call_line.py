"""One line of the call log, read by itself: a call that a program under test logged, and a check of `parse_calls`."""

import re

from grpcdemo.workload.call_log import Call, parse_calls

_LINE = re.compile(r"seq=[1-9][0-9]{0,14} [^\n]*\n?")


def parse_call(line: str) -> Call | None:
    """The call that *line* tells of, or None for any other line."""
    if not _LINE.fullmatch(line):
        return None
    seqs, results = parse_calls(f"2026-05-04T10:11:12Z {line.rstrip(chr(10))}\n".encode(errors="surrogatepass"))
    if not seqs:
        return None
    (result,) = results
    return Call(seqs[0], result.code, result.pod, result.pod_ip, result.latency_ms, result.message)
