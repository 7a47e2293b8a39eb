"""The flow picture: bands as thick as the measured shares, through the proxies that there are."""

import pytest

from grpcdemo.model.observation import Observation
from grpcdemo.views.flow import FEW, GAP, HEAD, MOST_CLIENTS, MOST_SERVERS, ROOMY, THINNEST, flow, largest_share

from .samples import BALANCED, EVIL, HOSTILE, PINNED, crowd, observation


def test_pinned_is_one_band_as_thick_as_a_box() -> None:
    picture = flow(PINNED, 1.0)
    (band,) = picture.bands
    assert (band.thickness, band.style) == (picture.box, "orange")
    assert band.text == "…9qv5m to …b7wzn: 60 responses, 100%"
    assert [(node.label, node.share, node.is_idle) for node in picture.servers] == [
        ("…2xk4p", "0%", True),
        ("…b7wzn", "100%", False),
        ("…x2x8k", "0%", True),
    ]
    assert not any(node.has_proxy for node in (*picture.clients, *picture.servers))


def test_balanced_is_one_band_to_the_proxy_and_three_on() -> None:
    picture = flow(BALANCED, 1.0)
    assert [band.thickness for band in picture.bands] == [
        pytest.approx(picture.box * count / 251, abs=0.01) for count in (88, 80, 83)
    ]
    assert [node.thickness for node in picture.clients] == [picture.box]
    assert all(node.has_proxy for node in (*picture.clients, *picture.servers))


@pytest.mark.parametrize("shown", [PINNED, BALANCED, HOSTILE, crowd(pinned=True, clients=60), crowd(pinned=False)])
def test_no_band_is_thicker_than_its_box(shown: Observation) -> None:
    picture = flow(shown, largest_share([shown]))
    nodes = (*picture.clients, *picture.servers)
    slack = THINNEST * (MOST_SERVERS if picture.box < ROOMY - GAP else FEW)
    assert max(node.thickness for node in nodes) <= picture.box + slack
    assert all(
        HEAD <= node.middle - picture.box / 2 < node.middle + picture.box / 2 <= picture.height for node in nodes
    )


def test_bands_of_both_halves_compare() -> None:
    assert largest_share([PINNED, BALANCED]) == 1.0
    two = observation({"b7wzn": 60}, {"2xk4p": 20, "x2x8k": 40})
    assert largest_share([two]) == 0.5
    assert [band.thickness for band in flow(two, 0.5).bands] == pytest.approx([28, 28 / 3, 28 * 2 / 3], abs=0.01)


def test_of_many_pods_those_with_most_responses_have_a_box() -> None:
    picture = flow(crowd(pinned=True, clients=60), 1.0)
    assert (len(picture.clients), len(picture.servers)) == (MOST_CLIENTS, MOST_SERVERS)
    assert [column[-1].label for column in (picture.clients, picture.servers)] == ["53 others", "89 others"]
    one = flow(crowd(pinned=True), 1.0)
    assert [node.share for node in one.servers].count("100%") == 1
    assert one.servers[-1].is_idle


def test_without_responses_there_are_no_bands() -> None:
    picture = flow(observation(), largest_share([observation()]))
    assert picture.bands == []
    assert [node.share for node in picture.servers] == ["", "", ""]


def test_a_name_is_printable_and_fits() -> None:
    picture = flow(HOSTILE, 1.0)
    assert EVIL not in "".join(band.text for band in picture.bands)
    assert all(len(node.label) <= 9 for node in picture.servers)
