"""Compare the verdict of an observation with the expected one."""

from __future__ import annotations

from grpcdemo.errors import Hint, NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.config import ObserveConfig
from grpcdemo.verdict import Outcome


def check_expected(config: ObserveConfig, observation: Observation) -> None:
    """Raise UnexpectedVerdict or NotEnoughResponses unless the verdict is the expected one, if one is."""
    expected, verdict = config.expect, observation.verdict
    if expected is None or verdict.outcome is expected:
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
            hint=_advise(config, observation),
        )
    raise UnexpectedVerdict(
        f"expected {expected.value}, saw {verdict.outcome.value}: {verdict.reason}",
        hint=Hint("see which pods have a proxy with `grpcdemo istio status`", looks=True),
    )


def _advise(config: ObserveConfig, observation: Observation) -> Hint | str:
    """What may lead to a verdict."""
    if observation.hint:
        return observation.hint
    longer = f"watch longer with {_limit(config, observation)}"
    if observation.is_blind:
        return f"try again when `kubectl logs` can read the client's log, or {longer}"
    if len(observation.servers) > 1:
        return Hint(f"{longer}, or see `grpcdemo status`", looks=True)
    return "add servers with `grpcdemo up --servers 3`"


def _limit(config: ObserveConfig, observation: Observation) -> str:
    """The option that ended the observation."""
    if config.requests is not None and observation.tally.responses >= config.requests:
        return "a higher --requests"
    return "--for" if config.seconds is not None and config.seconds <= config.timeout_s else "--timeout"
