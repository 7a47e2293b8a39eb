"""Whether what was seen is what was expected, and if not, what helps."""

from __future__ import annotations

from grpcdemo.errors import NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model import Observation
from grpcdemo.verdict import Outcome


def check_expected(expected: Outcome, seen: Observation) -> None:
    """Raise UnexpectedVerdict or NotEnoughResponses unless *seen* is what was *expected*."""
    verdict = seen.verdict
    if verdict.outcome is expected:
        return
    if seen.is_over:
        raise NotEnoughResponses(f"expected {expected.value}, but the demo is gone", hint="make it with `grpcdemo up`")
    if verdict.outcome is Outcome.INCONCLUSIVE:
        errors = ", ".join(f"{count} {code}" for code, count in seen.tally.errors.items())
        raise NotEnoughResponses(
            f"expected {expected.value}, but there is no verdict: {verdict.reason}"
            + (f"; failed calls: {errors}" if errors else ""),
            hint="watch longer with --timeout, or see `grpcdemo status`"
            if len(seen.servers) > 1
            else "have more servers with `grpcdemo up --servers 3`",
        )
    raise UnexpectedVerdict(
        f"expected {expected.value}, saw {verdict.outcome.value}: {verdict.reason}",
        hint="see which pods have a proxy, and what the label does, with `grpcdemo istio status`",
    )
