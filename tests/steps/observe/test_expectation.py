"""The verdict compared with the expected one."""

from dataclasses import replace

import pytest

from grpcdemo.errors import NotEnoughResponses, UnexpectedVerdict
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.verdict import Outcome
from tests.views.samples import BALANCED, BLIND, PINNED, WHY_BLIND, observation

NOTHING = observation()
EXPECTED = Ends(expect=Outcome.BALANCED, timeout_s=60.0)
SKEWED = observation({"2xk4p": 3, "b7wzn": 100, "x2x8k": 97})


@pytest.mark.parametrize(("expected", "observed"), [(Outcome.PINNED, PINNED), (Outcome.BALANCED, BALANCED)])
def test_the_expected_verdict_is_no_error(expected: Outcome, observed: Observation) -> None:
    check_expected(Ends(expect=expected), observed)


@pytest.mark.parametrize(
    ("expected", "observed", "message", "hint"),
    [
        (Outcome.PINNED, BALANCED, "expected pinned, saw balanced: 3 pods", "istio status"),
        (Outcome.BALANCED, PINNED, "expected balanced, saw pinned: all", "istio status"),
        (Outcome.BALANCED, SKEWED, "expected balanced, saw skewed: ", "istio status"),
    ],
)
def test_another_verdict(expected: Outcome, observed: Observation, message: str, hint: str) -> None:
    with pytest.raises(UnexpectedVerdict, match=message) as caught:
        check_expected(Ends(expect=expected), observed)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("observed", "message", "hint"),
    [
        (NOTHING, r"none of the 3 ready servers has answered yet$", "watch longer"),
        (observation(errors={"UNAVAILABLE": 3}), "has answered yet; failed calls: 3 UNAVAILABLE", "watch longer"),
        (
            BLIND,
            f"there is no verdict: blind to grpc-client-7d4b9c8f6-9qv5m: {WHY_BLIND}$",
            "try again when `kubectl logs`",
        ),
        (replace(NOTHING, servers=NOTHING.servers[:1]), "has answered yet", "grpcdemo up --servers 3"),
        (replace(NOTHING, servers=(), clients=()), "the demo is gone", "grpcdemo up"),
    ],
)
def test_no_verdict(observed: Observation, message: str, hint: str) -> None:
    with pytest.raises(NotEnoughResponses, match=message) as caught:
        check_expected(EXPECTED, observed)
    assert hint in str(caught.value.hint)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("ends", "option"),
    [
        (EXPECTED, "--timeout"),
        (replace(EXPECTED, seconds=5.0), "--for"),
        (replace(EXPECTED, seconds=90.0), "--timeout"),
        (replace(EXPECTED, requests=33), "a higher --requests"),
        (replace(EXPECTED, requests=10_000, seconds=5.0), "--for"),
    ],
)
def test_the_hint_names_what_ended_it(ends: Ends, option: str) -> None:
    with pytest.raises(NotEnoughResponses) as caught:
        check_expected(ends, replace(PINNED, verdict=NOTHING.verdict))
    assert str(caught.value.hint) == f"watch longer with {option}, or see `grpcdemo status`"
