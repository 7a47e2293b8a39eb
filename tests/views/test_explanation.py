"""What is to be seen in an observation, in a sentence."""

from dataclasses import replace

import pytest

from grpcdemo.model.observation import Observation
from grpcdemo.verdict import Outcome
from grpcdemo.views.explanation import explanation

from .samples import BALANCED, BLIND, PINNED, observation

WAITING = observation({"b7wzn": 8})
EVEN = {"2xk4p": 99, "b7wzn": 100, "x2x8k": 101}


@pytest.mark.parametrize(
    ("shown", "outcome", "sentence"),
    [
        (PINNED, "pinned", "All requests go to one of the 3 server pods. The other 2 get nothing."),
        (
            observation({"b7wzn": 60}, proxy="container"),
            "pinned",
            "There is a proxy beside the client, but it does not spread the requests. "
            "All requests go to one of the 3 server pods. The other 2 get nothing.",
        ),
        (
            replace(PINNED, servers=PINNED.servers[:2]),
            "pinned",
            "All requests go to one of the 2 server pods. The other one gets nothing.",
        ),
        (
            observation({"b7wzn": 90}, {"x2x8k": 90}),
            "pinned",
            "Each of the 2 clients stays on one server pod: 2 of the 3 pods answer.",
        ),
        (
            replace(WAITING, tally=replace(WAITING.tally, failed={"grpc-server-7d4b9c8f6-b7wzn": 9})),
            "inconclusive",
            "Most requests fail.",
        ),
        (BALANCED, "balanced", "The proxy beside the client spreads the requests. All 3 server pods answer."),
        (
            observation(EVEN, EVEN, proxy="native sidecar"),
            "balanced",
            "The proxy beside each client spreads the requests. All 3 server pods answer.",
        ),
        (observation(EVEN), "balanced", "All 3 server pods answer, without a proxy beside the client."),
        (
            observation({"2xk4p": 400, "b7wzn": 500, "x2x8k": 100}),
            "skewed",
            "The server pods get unequal shares of the requests, from 10% to 50%.",
        ),
        (observation(), "inconclusive", "No request was answered."),
        (
            observation({"2xk4p": 2, "b7wzn": 1}),
            "inconclusive",
            "2 of the 3 server pods answered. A verdict needs more responses.",
        ),
        (
            observation({"2xk4p": 2, "b7wzn": 1, "x2x8k": 1}),
            "inconclusive",
            "All 3 server pods answered. A verdict needs more responses.",
        ),
        (BLIND, "inconclusive", "The calls of a client cannot be read now, so it is not known which pods answer them."),
    ],
)
def test_explanation(shown: Observation, outcome: str, sentence: str) -> None:
    assert (shown.verdict.outcome.value, explanation(shown)) == (outcome, sentence)


def test_one_pod_is_no_choice() -> None:
    alone = replace(observation(), servers=PINNED.servers[:1])
    assert alone.verdict.outcome is Outcome.INCONCLUSIVE
    assert explanation(alone) == "There are fewer than two server pods to choose from."
