"""Calls for the tests of counting: as results, as batches, and as the lines of a log."""

from grpcdemo.steps.observe.batch import Batch
from grpcdemo.workload.call_log import Call, Result, format_call


def result(pod: str | None = "a", *, code: str = "OK", latency_ms: float = 1.0) -> Result:
    return Result(code, pod, pod and f"ip-of-{pod}", latency_ms, None)


def batch(
    *results: Result | str | None,
    client: str = "x",
    at: float = 0.0,
    missed: int = 0,
    restarted: bool = False,
) -> Batch:
    """Calls with these results; a name stands for an answer of that pod, None for a call that failed."""
    all_results = [
        one if isinstance(one, Result) else result(one, code="OK" if one else "UNAVAILABLE") for one in results
    ]
    return Batch(client, all_results, at, missed, restarted)


def log(*seqs: int, stamp: str = "2026-05-04T10:11:12Z") -> bytes:
    """A log of calls with these numbers, all answered by pod a."""
    return "".join(f"{stamp} {format_call(Call(seq, 'OK', 'a', 'ip-of-a', 1.0, None))}\n" for seq in seqs).encode()
