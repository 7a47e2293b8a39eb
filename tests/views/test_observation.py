"""What `observe` shows, and tells in JSON, and says in one line."""

from __future__ import annotations

import pytest

from grpcdemo.model import Observation
from grpcdemo.views.document import observation_document
from grpcdemo.views.observation import BAR_CELLS, bar, observation_view, plain_line

from .conftest import Golden
from .samples import BALANCED, PINNED, observation

EVEN = {"2xk4p": 40, "b7wzn": 42, "x2x8k": 38}
SEEN = {
    "observation-nothing": observation(),
    "observation-pinned": PINNED,
    "observation-balanced": BALANCED,
    "observation-skewed": observation({"2xk4p": 3, "b7wzn": 100, "x2x8k": 97}),
    "observation-departed": observation(
        {"b7wzn": 12, "tt5rd": 3}, departed={"grpc-server-7d4b9c8f6-tt5rd": "10.244.1.99"}
    ),
    "observation-errors": observation({"b7wzn": 9}, errors={"UNAVAILABLE": 2, "DEADLINE_EXCEEDED": 11}, missed=4),
    "observation-clients": observation(EVEN, EVEN, proxy="container"),
}


@pytest.mark.parametrize("name", SEEN)
def test_observation(golden: Golden, name: str) -> None:
    seen: Observation = SEEN[name]
    golden(name, observation_view(seen), observation_document(seen))


def test_a_line_of_progress() -> None:
    assert plain_line(PINNED) == "3 s: 60 responses, grpc-server-7d4b9c8f6-b7wzn=100%, pinned"
    assert plain_line(observation()) == "0 s: 0 responses, nobody yet, inconclusive"


@pytest.mark.parametrize(
    "share, text", [(0.0, ""), (1.0, "█" * 10), (0.5, "█" * 5), (1 / 80, "▏"), (0.4, "████"), (0.43, "████▎")]
)
def test_a_bar_is_exact_to_an_eighth_of_a_cell(share: float, text: str) -> None:
    assert bar(share) == text.ljust(BAR_CELLS)
