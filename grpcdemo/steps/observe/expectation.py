"""Compare the verdict of an observation with the expected one."""

from __future__ import annotations

from grpcdemo.errors import NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model import Observation
from grpcdemo.verdict import Outcome


def check_expected(expected: Outcome, observation: Observation) -> None:
    """Raise UnexpectedVerdict or NotEnoughResponses unless the verdict is *expected*."""
    verdict = observation.verdict
    if verdict.outcome is expected:
        return
    if observation.is_over:
        raise NotEnoughResponses(
            f"expected {expected.value}, but the demo is gone", hint="deploy it with `grpcdemo up`"
        )
    if verdict.outcome is Outcome.INCONCLUSIVE:
        errors = ", ".join(f"{count} {code}" for code, count in observation.tally.errors.items())
        raise NotEnoughResponses(
            f"expected {expected.value}, but there is no verdict: {verdict.reason}"
            + (f"; failed calls: {errors}" if errors else ""),
            hint="watch longer with --timeout, or see `grpcdemo status`"
            if len(observation.servers) > 1
            else "add servers with `grpcdemo up --servers 3`",
        )
    raise UnexpectedVerdict(
        f"expected {expected.value}, saw {verdict.outcome.value}: {verdict.reason}",
        hint="see which pods have a proxy with `grpcdemo istio status`",
    )
