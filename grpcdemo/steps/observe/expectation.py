"""Compare the verdict of an observation with the expected one."""

from __future__ import annotations

from grpcdemo.errors import Hint, NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model.observation import Observation
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
            hint=_advise(observation),
        )
    raise UnexpectedVerdict(
        f"expected {expected.value}, saw {verdict.outcome.value}: {verdict.reason}",
        hint="see which pods have a proxy with `grpcdemo istio status`",
    )


def _advise(observation: Observation) -> Hint | str:
    """What may lead to a verdict."""
    if observation.hint:
        return observation.hint
    if observation.is_blind:
        return "try again when `kubectl logs` can read the client's log, or watch longer with --timeout"
    if len(observation.servers) > 1:
        return "watch longer with --timeout, or see `grpcdemo status`"
    return "add servers with `grpcdemo up --servers 3`"
