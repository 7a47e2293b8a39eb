"""The report: valid HTML that needs nothing from anywhere, and says all that there is without its pictures."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from xml.etree.ElementTree import Element

import html5lib
import pytest

from grpcdemo.model.observation import Slice, Timeline
from grpcdemo.model.result import Phase
from grpcdemo.steps.observe.histogram import Histogram
from grpcdemo.steps.observe.timeline import TimelineCounter
from grpcdemo.views.flow import flow
from grpcdemo.views.palette import COLORS
from grpcdemo.views.plots.box import FLAG_WIDTH, LEFT, RIGHT, common_axes
from grpcdemo.views.plots.latency import LatencyPlot, latency_plot
from grpcdemo.views.plots.shares import shares_plot
from grpcdemo.views.report import demo_report, observation_report

from .conftest import GoldenText
from .samples import (
    BALANCED,
    BLIND,
    EVIL,
    HOSTILE,
    HOSTILE_PROVENANCE,
    PINNED,
    PROVENANCE,
    crowd,
    observation,
)

SHARES = "Share of the responses over time"
PHASES = [Phase("Istio off", PINNED), Phase("Istio on", BALANCED)]
REPORTS: dict[str, Callable[[], str]] = {
    "nothing": lambda: observation_report(observation(), PROVENANCE),
    "balanced": lambda: observation_report(BALANCED, PROVENANCE),
    "clients": lambda: observation_report(observation({"b7wzn": 60}, {"2xk4p": 20, "x2x8k": 40}), PROVENANCE),
    "blind": lambda: observation_report(BLIND, PROVENANCE),
    "crowd": lambda: observation_report(crowd(pinned=True, clients=60), PROVENANCE),
    "hostile": lambda: observation_report(HOSTILE, HOSTILE_PROVENANCE),
    "demo": lambda: demo_report(PHASES, PROVENANCE),
    "failed": lambda: demo_report(PHASES[:1], PROVENANCE, f"there is no {EVIL}"),
}


def parse(report: str) -> Element:
    """Raises where a browser would have to guess."""
    page: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(report)
    return page


@cache
def report(name: str) -> str:
    return REPORTS[name]()


@cache
def page_of(name: str) -> Element:
    return parse(report(name))


def figure(name: str, title: str) -> Element:
    """The first figure with this *title* in a report."""
    figures = page_of(name).iter("figure")
    return next(one for one in figures if one.findtext("figcaption") == title)


def table(one: Element) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in one.iter("tr")]


@pytest.mark.parametrize("sandbox", [True, False])
def test_the_sandbox_is_no_cluster(sandbox: bool) -> None:
    badge = "measured in the sandbox, not on a cluster"
    assert (badge in observation_report(BALANCED, replace(PROVENANCE, sandbox=sandbox))) is sandbox


@pytest.mark.parametrize("name", ["clients", "demo"])
def test_report(golden_text: GoldenText, name: str) -> None:
    golden_text(f"report-{name}.html", report(name))


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_valid(name: str) -> None:
    page = page_of(name)
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    named = " ".join(element.get("aria-labelledby") or "" for element in page.iter()).split()
    assert set(named) <= set(ids)


@pytest.mark.parametrize("name", REPORTS)
def test_it_needs_nothing_from_anywhere(name: str) -> None:
    page = page_of(name)
    tags = {element.tag for element in page.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "image", "use"}
    assert not [element for element in page.iter() if {"src", "href", "srcset"} & set(element.keys())]
    styles = "".join(element.text or "" for element in page.iter("style"))
    assert not re.search(r"url\(|@import", styles)
    assert "default-src 'none'" in report(name)


@pytest.mark.parametrize("name", REPORTS)
def test_each_plot_is_described_and_has_its_table(name: str) -> None:
    for figure in page_of(name).iter("figure"):
        (picture,) = [element for element in figure if element.tag.endswith("svg")]
        assert [element.tag.rpartition("}")[2] for element in list(picture)[:2]] == ["title", "desc"]
        assert len(list(figure.iter("tr"))) > 1


def test_the_table_behind_the_shares_says_what_the_plot_shows() -> None:
    rows = table(figure("balanced", SHARES))
    assert rows[0][1:] == ["…58f6c9d4b7-zzzzz", "…7d4b9c8f6-2xk4p", "…7d4b9c8f6-b7wzn", "…7d4b9c8f6-x2x8k", "Failed"]
    assert rows[1][:2] == ["0 to 1.5 s", "100%"]
    assert rows[-1][1] == "0%"


def test_blind_time_is_marked_in_the_plot_its_legend_and_its_table() -> None:
    plot = shares_plot(BLIND, common_axes([BLIND]))
    assert plot
    assert plot.blind == "M85.30 89.00H376.00", "from second 3 to second 20"
    shown = figure("blind", SHARES)
    assert "which 17.0 are blind" in "".join(shown.itertext())
    assert "blind: calls could not be read" in ["".join(item.itertext()) for item in shown.iter("li")]
    rows = table(shown)
    assert [row[-1] for row in rows[:6]] == ["Blind", "-", "1.0 s", "2.0 s", "2.0 s", "2.0 s"]
    assert rows[3][:2] == ["4 to 6 s", "-"]
    assert "blind" not in "".join(figure("balanced", SHARES).itertext())


def test_the_table_behind_the_shares_of_a_long_day_has_plain_numbers() -> None:
    counter = TimelineCounter(0.0)
    for second in range(0, 100_000, 100):
        counter.add(Slice({"grpc-server-7d4b9c8f6-b7wzn": 1}), float(second))
    shown = observation(timeline=counter.timeline(99_999.5))
    plot = shares_plot(shown, common_axes([shown]))
    assert plot
    assert plot.rows[-1].time == "92160 to 99999.5 s"


def latencies(counts: dict[float, int], **percentiles: float) -> LatencyPlot:
    histogram = Histogram()
    for latency_ms, count in counts.items():
        histogram.add(latency_ms, count)
    shown = observation({"b7wzn": 60})
    shown = replace(shown, latencies=histogram.bins(), tally=replace(shown.tally, latency_ms=percentiles))
    plot = latency_plot(shown, common_axes([shown]))
    assert plot
    return plot


@pytest.mark.parametrize(("p90", "p99"), [(1.6, 1.7), (1.6, 300.0), (200.0, 210.0), (20.0, 300.0)])
def test_no_percentile_is_written_over_another_or_its_line(p90: float, p99: float) -> None:
    flags = latencies({1.2: 9, 900.0: 1}, p50=1.5, p90=p90, p99=p99).percentiles
    assert sorted(flag.text for flag in flags) == ["p50", "p90", "p99"]
    for flag in flags:
        right = [other for other in flags if flag.at < other.at < flag.at + FLAG_WIDTH]
        assert all(other.row < flag.row for other in right), flags


def test_an_axis_of_latencies_has_ticks_enough_to_be_read_and_numbers_that_fit() -> None:
    assert [tick.text for tick in latencies({0.7: 9, 1.1: 3}).ticks] == ["0.7", "0.8", "0.9", "1"]
    assert [tick.text for tick in latencies({1.1: 9, 9.0: 3}).ticks] == ["1", "2", "5", "10"]
    assert [tick.text for tick in latencies({1.1: 9, 900.0: 3}).ticks] == ["1", "10", "100", "1000"]
    assert [line.text for line in latencies({1.0: 340}).lines] == ["25%", "50%", "75%", "100%"]
    few = latencies({1.1**number: 1 for number in range(100)})
    assert [line.text for line in few.lines] == ["1%", "2%", "3%"]


def test_nothing_in_a_log_becomes_part_of_the_page() -> None:
    page = page_of("hostile")
    assert "script" not in {element.tag for element in page.iter()}
    text = "".join(page.itertext())
    assert EVIL.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e") in text
    assert not set(report("hostile")) & {"\x1b", "\u202e"}


def test_both_phases_are_side_by_side() -> None:
    page = page_of("demo")
    assert [next(article.iter("h2")).text for article in page.iter("article")] == ["Istio off", "Istio on"]
    assert [next(article.iter("strong")).text for article in page.iter("article")] == ["pinned", "balanced"]


def test_one_of_both_halves_can_be_chosen() -> None:
    page = page_of("demo")
    assert [label.findall("input")[0].tail for label in page.iter("label")] == ["both", "Istio off", "Istio on"]
    assert not [*page_of("balanced").iter("input")], "one half leaves no choice"


def test_both_halves_have_the_same_axes() -> None:
    axes = common_axes([PINNED, BALANCED])
    plots = [shares_plot(PINNED, axes), shares_plot(BALANCED, axes)]
    assert plots[0]
    assert plots[1]
    assert plots[0].ticks == plots[1].ticks
    end = RIGHT - (RIGHT - LEFT) * (1 - PINNED.timeline.seconds / BALANCED.timeline.seconds)
    assert f"H{end:.2f}V" in plots[0].series[0].path, "the shorter one ends where its time ends"
    assert f"H{RIGHT:.2f}V" in plots[1].series[0].path + plots[1].series[-1].path
    slow = latencies({1.0: 9, 900.0: 1}, p50=1.0)
    assert slow.ticks == latencies({1.0: 1, 900.0: 1}).ticks
    shared = [latency_plot(one, common_axes([PINNED, BLIND])) for one in (PINNED, BLIND)]
    assert shared[0] == shared[1], "the same responses"


def test_a_share_and_the_even_share_are_parts_of_the_longest_bar() -> None:
    rows = [*next(page_of("demo").iter("tbody")).iter("tr")]
    styles = [row.findall("td")[0].get("style") for row in rows]
    assert styles[1] == "--share: 1.0000; --bar: var(--orange)"
    assert '<tbody style="--even: 0.3333">' in report("demo")
    assert '<tbody style="--even: 0.9508">' in report("balanced"), "the longest bar is of 88 in 251"


def test_a_pod_has_one_color_in_the_whole_half() -> None:
    plot = shares_plot(BALANCED, common_axes([BALANCED]))
    assert plot
    assert [series.style for series in plot.series] == ["pink", "blue", "orange", "green"], "the pod that is gone last"
    picture = flow(BALANCED, 1.0)
    assert [node.style for node in picture.servers] == ["blue", "orange", "green"]


def test_of_pods_with_the_same_color_a_plot_names_one() -> None:
    many = crowd(pinned=False)
    counts = many.tally.by_server()
    shown = replace(many, timeline=Timeline(1.0, (Slice(counts),), 1.0))
    plot = shares_plot(shown, common_axes([shown]))
    assert plot
    assert len({series.style for series in plot.series}) == len(plot.series) == len(COLORS) + 1
    assert plot.series[-1].name == "others"


def test_what_repeats_it() -> None:
    where = replace(PROVENANCE, flags=("--context", "two words"))
    commands = [one.text or "" for one in parse(demo_report(PHASES, where)).iter("pre")]
    assert commands[0] == PROVENANCE.command
    assert commands[1].split("\n")[0] == "grpcdemo up --context 'two words'"
    assert len([*page_of("failed").iter("pre")]) == 2, "also what failed half way"
    assert len([*page_of("balanced").iter("pre")]) == 1, "an observation is one command"


def test_numbers_of_the_last_window_alone_say_so() -> None:
    slices = (Slice({"a": 1}, errors=5), Slice({"b": 9}, windows=1))
    shown = observation({"b7wzn": 9}, windows=2, timeline=Timeline(0.5, slices, 1.0))
    text = "".join(parse(observation_report(shown, PROVENANCE)).itertext())
    assert "of the last 0.5 seconds: since the pods changed. Before that, 5 calls failed." in text
    assert "since the pods changed" not in "".join(page_of("clients").itertext())


def test_a_demo_that_failed_is_marked() -> None:
    page = page_of("failed")
    assert "The demo failed: there is no <script>" in "".join(page.itertext())
    assert [next(article.iter("h2")).text for article in page.iter("article")] == ["Istio off"]
    assert "failed:" not in report("demo")


def test_it_says_what_it_was_measured_with() -> None:
    text = "".join(page_of("demo").itertext())
    for fact in ("grpcdemo 0.1.0", "Kubernetes v1.34.0", "Istio 1.31.0", PROVENANCE.command, "2026-05-04, 10:11 UTC"):
        assert fact in text
    assert "Istio's version could not be read" in "".join(page_of("hostile").itertext())


def test_how_sure_the_verdict_is() -> None:
    sure = observation_report(PINNED, PROVENANCE)
    assert PINNED.verdict.certainty
    assert PINNED.verdict.certainty in sure
