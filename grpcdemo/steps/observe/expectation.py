"""Compare the verdict of an observation with the expected one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.errors import Hint, NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.verdict import Outcome


@dataclass(frozen=True)
class Advice:
    """What helps where the verdict is not the expected one."""

    other: Hint
    """Another verdict."""
    gone: str
    """What there is no more."""
    back: Hint | str
    """How it comes back."""
    undecided: Callable[[Observation, str], Hint | str]
    """No verdict: from the observation, and what would make it longer."""


DEMO = Advice(
    other=Hint("see which pods have a proxy with `grpcdemo istio status`", looks=True),
    gone="the demo is gone",
    back="deploy it with `grpcdemo up`",
    undecided=lambda observation, longer: _advise(observation, longer),
)


def check_expected(ends: Ends, observation: Observation, advice: Advice = DEMO) -> None:
    """Raise UnexpectedVerdict or NotEnoughResponses unless the verdict is the expected one, if one is."""
    expected, verdict = ends.expect, observation.verdict
    if expected is None or verdict.outcome is expected:
        return
    if observation.is_over:
        raise NotEnoughResponses(f"expected {expected.value}, but {advice.gone}", hint=advice.back)
    if verdict.outcome is Outcome.INCONCLUSIVE:
        is_said = observation.tally.failed is not None
        errors = "" if is_said else ", ".join(f"{count} {code}" for code, count in observation.tally.errors.items())
        raise NotEnoughResponses(
            f"expected {expected.value}, but there is no verdict: {verdict.reason}"
            + (f"; failed calls: {errors}" if errors else ""),
            hint=observation.hint or advice.undecided(observation, f"watch longer with {_limit(ends, observation)}"),
        )
    raise UnexpectedVerdict(
        f"expected {expected.value}, saw {verdict.outcome.value}: {verdict.reason}", hint=advice.other
    )


def _advise(observation: Observation, longer: str) -> Hint | str:
    if observation.is_blind:
        return f"try again when `kubectl logs` can read the client's log, or {longer}"
    if len(observation.servers) > 1:
        return Hint(f"{longer}, or see `grpcdemo status`", looks=True)
    return "add servers with `grpcdemo up --servers 3`"


def _limit(ends: Ends, observation: Observation) -> str:
    """The option that ended the observation."""
    if ends.requests is not None and observation.tally.responses >= ends.requests:
        return "a higher --requests"
    return "--for" if ends.seconds is not None and ends.seconds <= ends.timeout_s else "--timeout"
