"""The picture for the back row: it fits the terminal, and says what the table says."""

from dataclasses import replace

import pytest

from grpcdemo.model.observation import Observation
from grpcdemo.views.big import DIGITS, GLYPHS, HIGH, big_view
from grpcdemo.views.glyphs import percent
from tests.views.conftest import GoldenText, draw
from tests.views.samples import BALANCED, BLIND, PINNED, crowd, observation


def some(number: int, *, pinned: bool) -> Observation:
    everyone = crowd(pinned=pinned)
    return replace(everyone, servers=everyone.servers[:number])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("pinned", PINNED),
        ("balanced", BALANCED),
        ("blind", BLIND),
        ("12", some(12, pinned=False)),
        ("crowd", crowd(pinned=True)),
    ],
)
def test_it_looks_like_this(golden_text: GoldenText, name: str, shown: Observation) -> None:
    for width, height in ((80, 22), (120, 38)):
        golden_text(f"big-{name}-{width}.txt", draw(big_view(shown, width, height), width))


@pytest.mark.parametrize("number", [0, 1, 3, 4, 7, 12, 100])
@pytest.mark.parametrize(("width", "height"), [(80, 22), (120, 38), (60, 10), (30, 5)])
def test_it_fits(number: int, width: int, height: int) -> None:
    lines = draw(big_view(some(number, pinned=False), width, height), width).splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_every_share_has_digits() -> None:
    letters = {letter for number in range(1001) for letter in percent(number / 1000)} | set(percent(0.0001))
    assert letters == GLYPHS.keys()
    assert {len(lines) for lines in GLYPHS.values()} == {HIGH}
    assert max(sum(len(GLYPHS[letter][0]) + 1 for letter in percent(n / 1000)) for n in range(1001)) <= DIGITS


def test_who_gets_all_calls_is_shown_first() -> None:
    pinned = crowd(pinned=True)
    (name,) = pinned.tally.by_server()
    assert f"…{name[-5:]}" in draw(big_view(pinned, 80, 6), 80)


def test_nothing_is_no_answer_yet() -> None:
    assert draw(big_view(observation(), 80, 22), 80).splitlines()[-1].startswith("none of the 3 ready servers has answ")
