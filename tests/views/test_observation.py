"""What `observe` shows on a terminal, tells in JSON, and says in one line."""

import re
from dataclasses import replace

import pytest

from grpcdemo.errors import Hint, Kubectl
from grpcdemo.model.observation import CountedBy, Observation, Slice, Tally, Timeline
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.views.document import observation_document
from grpcdemo.views.glyphs import bar, full_share, sparkline
from grpcdemo.views.markdown import observation_markdown
from grpcdemo.views.observation import observation_view
from grpcdemo.views.report import observation_report
from grpcdemo.views.words import numbers_line, plain_line, printable
from tests.tiers import exhaustive

from .conftest import Golden, draw
from .samples import BALANCED, BLIND, PINNED, PROVENANCE, WHY_BLIND, crowd, measured, observation, pod, timeline

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
    "observation-blind": BLIND,
    "observation-clients": observation(EVEN, EVEN, proxy="container"),
    "observation-dozen": measured(12, pinned=False),
    "observation-dozen-pinned": measured(12, pinned=True, clients=3),
    "observation-crowd": crowd(pinned=False),
    "observation-crowd-pinned": crowd(pinned=True, clients=14),
}
DOCUMENTED_ELSEWHERE = {
    f"observation-{name}" for name in ("pinned", "balanced", "dozen", "dozen-pinned", "crowd", "crowd-pinned")
}
"""The document of the demo shows two of them, and a crowd's is only longer."""


@pytest.mark.parametrize("name", SEEN)
def test_observation(golden: Golden, name: str) -> None:
    shown: Observation = SEEN[name]
    document = None if name in DOCUMENTED_ELSEWHERE else observation_document(shown)
    golden(name, lambda width: observation_view(shown, width, 24), document)


@pytest.mark.parametrize("height", [12, 50, exhaustive(24)])
@pytest.mark.parametrize("width", [40, 80, 200, exhaustive(60), exhaustive(120)])
@pytest.mark.parametrize("name", SEEN)
def test_it_fits_the_terminal(name: str, width: int, height: int) -> None:
    lines = draw(observation_view(SEEN[name], width, height), width).splitlines()
    assert len(lines) <= height
    assert not [line for line in lines if re.search(r"\S…", line)], "nothing is cut off"


@pytest.mark.parametrize("widths", [range(40, 140, 11), exhaustive(range(40, 140))])
def test_it_fits_a_terminal_of_any_width(widths: range) -> None:
    shown = replace(PINNED, timeline=timeline((60, "b")))
    for width in widths:
        for picture in (observation_view(shown, width, 24), observation_view(shown, width)):
            text = draw(picture, width)
            assert not re.search(r"\S…", text), f"cut off at {width}"
            assert "100%" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_who_talks_to_whom_fits_while_pods_of_another_name_go(width: int) -> None:
    shown = crowd(pinned=False, clients=3)
    gone = {"grpc-server-58f6c9d4b7-zzzzz": 40}
    by_client = {client: answered | gone for client, answered in shown.tally.by_client.items()}
    going = replace(shown, tally=replace(shown.tally, by_client=by_client), departed=dict.fromkeys(gone, "10.244.1.99"))
    lines = draw(observation_view(going, width, 50), width).splitlines()
    (head,) = [line for line in lines if line.startswith("CLIENT POD  RESPONSES  ")]
    assert "zzzzz" in head
    assert not [line for line in lines if re.search(r"\S…", line)], "nothing is cut off"


def test_who_talks_to_whom_leaves_out_idle_pods_when_space_is_short() -> None:
    lines = picture(crowd(pinned=True, clients=2), rows=24)
    (head,) = [line for line in lines if line.startswith("CLIENT POD")]
    assert head.split()[3:] == ["…00000", "…00007", "OTHERS"]


def test_a_result_is_not_folded() -> None:
    text = draw(observation_view(crowd(pinned=True, clients=14)), 200)
    assert len(re.findall("grpc-server-", text)) == 100
    assert "more" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_result_on_a_terminal_is_the_last_live_picture(width: int) -> None:
    """What happened over time is all that tells before from after."""
    result = draw(observation_view(BALANCED, width), width)
    assert result == draw(observation_view(BALANCED, width, 24), width)
    for sign in ("OVER 11 s", "gone", "new window", "^", "█████▁▁"):
        assert sign in result


@pytest.mark.parametrize("name", SEEN)
def test_a_result_breaks_its_lines_between_words(name: str) -> None:
    """The console that prints it knows no width, and a terminal would break them anywhere."""
    unbounded = draw(observation_view(SEEN[name], 60), 1000)
    assert unbounded == draw(observation_view(SEEN[name], 60), 60)


def test_a_pod_that_answers_much_is_not_folded() -> None:
    (line,) = [line for line in picture(crowd(pinned=True), rows=20) if "100%" in line]
    assert line.startswith("…00000 ")


def test_a_pod_that_is_not_ready_is_not_folded() -> None:
    assert any(line.startswith("…00099 ") for line in picture(crowd(pinned=False), rows=20))


def test_what_is_folded_is_told() -> None:
    (line,) = [line for line in picture(crowd(pinned=False), rows=20) if "more" in line]
    rows = sum(1 for line in picture(crowd(pinned=False), rows=20) if line.startswith("…0"))
    assert re.sub(" +", " ", line) == f"… and {100 - rows} more {36 * (100 - rows)} 1.0% each"


def test_rows_keep_their_places_while_all_is_even() -> None:
    shown = crowd(pinned=False)
    more = {client: {**answered, shown.servers[50].name: 40} for client, answered in shown.tally.by_client.items()}
    later = replace(shown, tally=replace(shown.tally, by_client=more))
    before, after = ([line.split()[0] for line in picture(each, rows=20)[:12]] for each in (shown, later))
    assert before == after


def test_a_pod_that_was_pinned_to_keeps_its_row_when_it_is_gone() -> None:
    (line,) = [line for line in picture(BALANCED, width=120) if "zzzzz" in line]
    assert line.endswith("██████████▁▁▁▁▁▁▁▁▁▁▁▁")
    assert "gone" in line
    (fewer,) = [line for line in picture(BALANCED, rows=13) if "…" in line and "zzzzz" in line]
    assert fewer
    assert not [line for line in picture(BALANCED, rows=11) if "zzzzz" in line], "it leaves before others are folded"


def test_pods_that_are_gone_are_folded_first() -> None:
    shown = crowd(pinned=False)
    gone = {"grpc-server-58f6c9d4b7-zzzzz": 3600}
    by_client = {client: answered | gone for client, answered in shown.tally.by_client.items()}
    going = replace(shown, tally=replace(shown.tally, by_client=by_client), departed=dict.fromkeys(gone, "10.244.1.9"))
    assert not [line for line in picture(going, rows=20) if "zzzzz" in line]


def test_with_many_pods_half_a_bar_is_the_even_share() -> None:
    even, twice = ("█" * 5 + " " * 5, "█" * 10)
    assert bar(1 / 12, full_share(12)) == even
    assert bar(2 / 12, full_share(12)) == bar(1.0, full_share(12)) == twice
    assert sparkline([0.0, 1 / 12, 2 / 12, 1.0], full=full_share(12)) == "▁▅██"
    assert f"{bar(1.0)} 100%" in "".join(picture(PINNED)), "of a few, it is the share itself"
    assert f"{bar(0.35)}  35%" in "".join(picture(BALANCED))


@pytest.mark.parametrize("name", ["observation-crowd-pinned", "observation-blind", "observation-balanced"])
def test_the_verdict_is_the_last_line_to_be_lost(name: str) -> None:
    shown = SEEN[name]
    for height in (1, 3, 4, 5, 7, 9, 11, 15):
        lines = draw(observation_view(shown, 200, height), 200).splitlines()
        assert [line for line in lines if line.startswith(f"{shown.verdict.outcome.value}: ")]
        assert len(lines) <= height


def test_a_wide_terminal_shows_the_way_of_the_calls() -> None:
    head, *lines = picture(PINNED, width=120)
    assert head.startswith("CLIENT  ")
    assert [line[:20].rstrip() for line in lines[:3]] == ["", "…9qv5m ━━━━━━━━━━━━", ""]
    ways = [line[:20].rstrip() for line in picture(BALANCED, width=120)[1:5]]
    assert ways == ["                 ┌─", "…9qv5m ━━ Envoy ━┽─", "                 └─", ""]
    assert picture(PINNED, width=119)[0].startswith("SERVER POD")


def test_the_way_of_the_calls_names_the_number_of_clients_and_is_missing_without_calls() -> None:
    assert any(line.startswith("14 clients ━") for line in picture(crowd(pinned=True, clients=14), width=120, rows=24))
    assert not [line for line in picture(observation(), width=120) if "━" in line]


def test_without_bars_there_are_words_and_numbers_alone() -> None:
    text = draw(observation_view(BALANCED, 200, bars=False), 200)
    assert "35%" in text
    assert not set(text) & set("▁▂▃▄▅▆▇█▏▎▍▌▋▊▉^")


def test_a_name_from_a_log_cannot_steer_the_terminal() -> None:
    shown = observation({"b7wzn": 12}, departed={"evil\x1b]0;x\x07": "1\x9b2J"})
    text = draw(observation_view(shown), 200)
    assert r"evil\x1b]0;x\x07" in text
    assert r"1\x9b2J" in text


@pytest.mark.parametrize(
    "code",
    [0x00, 0x0A, 0x1B, 0x7F, 0x9B, 0x061C, *range(0x200E, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A)],
)
def test_control_characters_overrides_and_isolates_are_shown_as_escapes(code: int) -> None:
    text = printable(f"a{chr(code)}b")
    assert text == f"a{ascii(chr(code))[1:-1]}b"
    assert text.isascii()


def test_other_letters_are_printed_as_they_are() -> None:
    assert printable("…é ▁█") == "…é ▁█"


def test_errors_of_the_switch_are_not_forgotten_in_the_window_after_it() -> None:
    slices = (Slice({"a": 1}, errors=5), Slice({"b": 9}, errors=2, windows=1))
    later = observation({"b7wzn": 9}, windows=2, timeline=Timeline(0.5, slices, 1.0))
    assert numbers_line(later).endswith("window 2, no errors, 7 failed before this window")
    assert numbers_line(replace(later, tally=replace(later.tally, errors={"UNAVAILABLE": 2}))).endswith(
        ", 5 failed before this window"
    )
    assert numbers_line(BALANCED).endswith("no errors")


def test_a_line_of_progress() -> None:
    assert plain_line(PINNED) == "3 s: 60 responses, grpc-server-7d4b9c8f6-b7wzn 100%, pinned"
    assert plain_line(observation()) == "0 s: 0 responses, no server yet, inconclusive"


def test_a_line_of_progress_names_a_few() -> None:
    line = plain_line(crowd(pinned=True, clients=5))
    assert line.count("grpc-server-") == 3
    assert "2 more 40%" in line


def test_it_says_why_there_are_no_calls() -> None:
    none = replace(observation(), clients=())
    assert numbers_line(none) == "0 responses in 0.0 s (0.0/s), no client pod, no errors"
    assert plain_line(none) == "0 s: 0 responses, no server yet, no client pod, inconclusive"
    waiting = pod("grpc-client", "9qv5m", 20, ready=False, status="ErrImagePull")
    assert "clients not ready: 1 (ErrImagePull)" in plain_line(replace(observation(), clients=(waiting,)))
    some = replace(PINNED, clients=(*PINNED.clients, waiting))
    assert "(20.0/s), 2 clients, clients not ready: 1 (ErrImagePull)" in numbers_line(some)


def test_it_says_what_the_demo_lacks_and_what_helps() -> None:
    hint = Hint("scale it up with ", Kubectl("scale", "deployments/grpc-server", "--replicas", "1"))
    verdict = Verdict(Outcome.INCONCLUSIVE, "Deployment grpc-server is scaled to 0")
    lacking = replace(observation(), servers=(), verdict=verdict, hint=hint)
    flags = ("--context", "kind-kind")
    helps = "hint: scale it up with `kubectl scale deployments/grpc-server --replicas 1 --context kind-kind`"
    told = draw(observation_view(lacking, 200, kubectl_flags=flags), 200).splitlines()
    assert told[-2:] == ["inconclusive: Deployment grpc-server is scaled to 0", helps]
    assert plain_line(lacking, flags) == f"0 s: 0 responses, no server yet, {told[-2]}, {helps}"


def test_what_was_not_seen_is_not_called_free_of_errors() -> None:
    assert numbers_line(BLIND) == "60 responses in 20.0 s (20.0/s), blind for 17.0 s, no errors seen"
    line = plain_line(BLIND)
    assert "blind for 17.0 s, inconclusive: blind to grpc-client-" in line
    assert line.endswith(WHY_BLIND)


def picture(shown: Observation, *, width: int = 80, rows: int | None = None) -> list[str]:
    return draw(observation_view(shown, width, rows), width).splitlines()


def test_less_than_a_second_is_a_time_too() -> None:
    shown = observation({"b7wzn": 8}, timeline=Timeline(0.5, (Slice({"b": 8}),), 0.42))
    assert "OVER 0.4 s" in draw(observation_view(shown, 80), 80)


COUNTED = replace(
    BALANCED, tally=replace(BALANCED.tally, latency_ms={}, failed={}), counted_by=CountedBy("envoy", 1, 2)
)


def test_what_sidecars_count_has_no_latency() -> None:
    text = draw(observation_view(COUNTED, 200, 24), 200)
    assert "latency" not in text
    (line,) = [line for line in text.splitlines() if " responses in " in line]
    assert "/s), counted by the sidecars of 1 of 2 client pods, window 2" in line
    assert " responses, grpc-server-" in plain_line(COUNTED)
    assert observation_document(COUNTED)["source"] == "envoy"
    assert "FAILED" not in text


def test_what_linkerds_proxies_count_is_by_client_pod() -> None:
    seen = replace(COUNTED, counted_by=CountedBy("linkerd", 2, 2))
    text = draw(observation_view(seen, 200, 24), 200)
    assert "/s), counted by the Linkerd proxies of 2 client pods, window 2" in text
    assert "CALLER" not in text
    assert observation_document(seen)["source"] == "linkerd"


def test_what_failed_is_counted_at_each_server() -> None:
    first, second, _ = (server.name for server in COUNTED.servers)
    failing = replace(COUNTED, tally=replace(COUNTED.tally, errors={"failed": 7}, failed={second: 7}))
    head, *rows = draw(observation_view(failing, 200, 24), 200).splitlines()
    (at,) = [row.split()[head.split().index("POD") - 1 :] for row in rows if second in row]
    assert "7" in at
    assert head.split().index("FAILED") == head.split().index("RESPONSES") + 1
    assert "errors: 7 failed" in draw(observation_view(failing, 200, 24), 200)
    assert draw(observation_view(failing, 40, 24), 40).splitlines()[0].split()[:2] == ["SERVER", "POD"]
    failed = {server["name"]: server["failed"] for server in observation_document(failing)["servers"]}
    assert (failed[first], failed[second]) == (0, 7)
    assert {server["failed"] for server in observation_document(BALANCED)["servers"]} == {None}
    assert "| Failed |" in observation_markdown(failing, PROVENANCE)
    assert "| Failed |" not in observation_markdown(BALANCED, PROVENANCE)
    page = observation_report(failing, PROVENANCE)
    assert '<th scope="col" class="n">Failed</th>' in page
    assert '<dt>failed calls</dt><dd class="bad">7</dd>' in page


def test_connections_are_no_requests() -> None:
    first, second, _ = (server.name for server in PINNED.servers)
    connections = {"web-1": {first: 2}, "web-2": {first: 1, second: 1}}
    seen = replace(PINNED, tally=Tally(seconds=4.0), counted_by=CountedBy("connections", 3, 3), connections=connections)
    text = draw(observation_view(seen, 200, 24), 200)
    short = [f"…{name.rpartition('-')[2]}" for name in (first, second)]
    assert f"connected: web-1 to {short[0]}, web-2 to {short[0]} and {short[1]}" in text
    assert "4.0 s, seen in the connections of 3 server pods" in text
    assert not {"RESPONSES", "SHARE"} & {*text.split()}
    assert "responses in" not in text
    assert plain_line(seen).startswith(f"4 s: connected: web-1 to {short[0]}, ")
    assert observation_document(seen)["connections"] == connections
    assert "sends all requests there" in observation_report(seen, PROVENANCE)


def test_what_the_servers_sidecars_count_is_by_caller() -> None:
    by_client = {"unknown": {"grpc-server-7d4b9c8f6-2xk4p": 9}, "web in shop": {"grpc-server-7d4b9c8f6-b7wzn": 3}}
    counted_by = CountedBy("istio", 3, 3, "no client pod has Istio's sidecar")
    seen = replace(PINNED, tally=Tally(12, by_client=by_client, seconds=4.0, failed={}), counted_by=counted_by)
    text = draw(observation_view(seen, 200), 200)
    counted = "counted by the sidecars of 3 server pods (no client pod has Istio's sidecar)"
    assert f"12 responses in 4.0 s (3.0/s), {counted}\n" in text
    rows = text[text.index("CALLER") :].splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["unknown", "web"]
    document = observation_document(seen)
    assert (document["source"], document["sourceReason"]) == ("istio", counted_by.why)
    assert [client["name"] for client in document["clients"]] == [pod.name for pod in PINNED.clients]
    assert f"<dd>{counted[11:]}".replace("'", "&#39;") in observation_report(seen, PROVENANCE)
    assert "| web in shop |" in observation_markdown(seen, PROVENANCE)
