"""`grpcdemo observe`: what it prints, and its verdict as an exit code."""

import csv
import io
import json
import os
import re
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from grpcdemo import __version__
from grpcdemo.cli.app import main
from grpcdemo.cli.output import Progress
from grpcdemo.errors import Unauthorized
from grpcdemo.resources.resource import PODS
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse, reply

from .conftest import DEMO, Command
from .terminal import on_terminal


@pytest.mark.parametrize(("expect", "code"), [("pinned", 0), ("balanced", 3)])
def test_observe(grpcdemo: Command, up: str, expect: str, code: int) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", expect, "-o", "json")
    assert ended.code == code
    assert json.loads(ended.out)["verdict"] == "pinned"
    assert (f"error: expected {expect}, saw pinned" in ended.err) is bool(code)


def test_observe_counts_to_the_last_response(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "-o", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["responses"], document["missed"]) == (0, 25, 0)


def test_observe_that_saw_too_little(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "pinned", "--timeout", "0")
    assert ended.code == 4
    assert ended.out.endswith("inconclusive: none of the 3 ready servers has answered yet\n")


def test_observe_without_a_demo(grpcdemo: Command, kubeconfig: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (1, "")
    assert ended.error_lines == [
        f"error: there is no demo: namespace {DEMO} does not exist",
        "hint: deploy it with `grpcdemo up`",
    ]


def interrupt_after_calls(monkeypatch: pytest.MonkeyPatch, number: signal.Signals = signal.SIGINT) -> None:
    """The user sends a signal when the first calls are shown."""

    def draw(_: Progress, __: object, line: Callable[[], str]) -> None:
        if "no server yet" not in line():
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Progress, "draw", draw)


def test_ctrl_c_is_the_end_and_no_error(grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, up: str) -> None:
    interrupt_after_calls(monkeypatch)
    ended = grpcdemo("observe", "--kubeconfig", up)
    assert (ended.code, ended.err) == (130, "")
    assert ended.out.startswith("SERVER POD")


def test_the_last_picture_stays_after_ctrl_c(up: str) -> None:
    with on_terminal() as terminal:
        terminal.question = "same pod again"
        terminal.at_question = partial(os.kill, os.getpid(), signal.SIGINT)
        assert main(["observe", "--kubeconfig", up]) == 130
    last = terminal.text.rpartition("SERVER POD")[2].splitlines()
    assert " OVER " in last[0]
    assert [line[:14] for line in last].count("same pod again") == 1
    assert last[-1].startswith(("pinned: ", "inconclusive: ", "at most one such verdict"))
    assert "error: " not in terminal.getvalue()


@pytest.mark.parametrize(
    ("number", "options", "code"),
    [(signal.SIGTERM, (), 143), (signal.SIGINT, ("--expect", "balanced", "--min-responses", "1000000"), 130)],
    ids=["sigterm", "expect"],
)
def test_another_end_is_an_error(
    grpcdemo: Command,
    monkeypatch: pytest.MonkeyPatch,
    up: str,
    number: signal.Signals,
    options: tuple[str, ...],
    code: int,
) -> None:
    interrupt_after_calls(monkeypatch, number)
    ended = grpcdemo("observe", "--kubeconfig", up, *options)
    assert (ended.code, ended.error_lines[0]) == (code, "error: interrupted")
    assert ended.out.startswith("SERVER POD")


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_what_was_seen_until_the_target_was_lost_is_shown(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, up: str, tmp_path: Path, form: str
) -> None:
    def draw(_: Progress, __: object, line: Callable[[], str]) -> None:
        if "no server yet" not in line():
            raise Unauthorized("the token has expired")

    monkeypatch.setattr(Progress, "draw", draw)
    report = tmp_path / "report.html"
    ended = grpcdemo("observe", "--kubeconfig", up, "-o", form, "--report", str(report))
    assert (ended.code, "grpc-server-" in ended.out) == (1, True)
    assert ended.error_lines == [f"written to {report}", "error: the token has expired"]
    assert "The observation failed</strong>: the token has expired" in report.read_text(encoding="utf-8")


def client_log(cluster: HollowCluster) -> str:
    """The path of the log of a client."""
    client = next(name for name in cluster.names(PODS, DEMO) if name.startswith("grpc-client"))
    return PODS.path(DEMO, client, "log")


DIALED = 'Get "https://10.0.0.2:10250/containerLogs/x": dial tcp 10.0.0.2:10250: connect: connection refused'
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"


@pytest.mark.exhaustive
def test_observe_that_cannot_read_the_log(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    observe = ("observe", "--kubeconfig", up)
    for answer, words in (
        (refuse(500, DIALED), "dial tcp 10.0.0.2:10250: connect: connection refused"),
        (reply(b"404 page not found\n", 404), "404 page not found"),
        (reply(PAGE, 502, Content_Type="text/html"), "502 Bad Gateway"),
    ):
        cluster.faults.on("GET", client_log(cluster), answer)
        ended = grpcdemo(*observe, "--expect", "pinned", "--timeout", "2", "-o", "json")
        document = json.loads(ended.out)
        (blind,) = document["blind"]
        assert (ended.code, document["verdict"], document["responses"]) == (4, "inconclusive", 0)
        assert (blind["cause"], blind["over"], blind["message"].endswith(words)) == ("unreadable", False, True)
        assert document["reason"] == f"blind to {blind['client']}: {blind['message']}"
        assert 0 < document["blindSeconds"] <= document["seconds"]
        assert ended.error_lines[-2:] == [
            f"error: expected pinned, but there is no verdict: {document['reason']}",
            "hint: try again when `kubectl logs` can read the client's log, or watch longer with --timeout",
        ]
    ended = grpcdemo(*observe, "--for", "0.2")
    assert ended.code == 0, "nothing was expected"
    assert "0 responses in" in ended.out
    assert "inconclusive: blind to grpc-client-" in ended.out


def test_observe_that_reads_one_of_two_logs(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    grpcdemo("up", "--kubeconfig", kubeconfig, "--clients", "2")
    cluster.faults.on("GET", client_log(cluster), refuse(500, DIALED))
    ended = grpcdemo("observe", "--kubeconfig", kubeconfig, "--expect", "pinned", "--timeout", "0.3", "-o", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["verdict"]) == (4, "inconclusive")
    assert document["responses"] > 0
    over_all = document["responses"] / document["seconds"]
    assert document["responsesPerSecond"] >= over_all * 0.99, "both are rounded"


@pytest.mark.parametrize(
    ("options", "verdict"),
    [((), "pinned"), (("--min-responses", "101"), "inconclusive"), (("--error-rate", "1e-12"), "inconclusive")],
    ids=["default", "more", "surer"],
)
def test_how_sure_a_verdict_must_be(grpcdemo: Command, up: str, options: tuple[str, ...], verdict: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "60", *options, "-o", "json")
    assert json.loads(ended.out)["verdict"] == verdict


def test_a_document_says_where_it_comes_from(grpcdemo: Command, up: str) -> None:
    arguments = ("observe", "--kubeconfig", up, "--requests", "5", "-o", "json")
    provenance = json.loads(grpcdemo(*arguments).out)["provenance"]
    assert provenance.pop("began")
    assert provenance == {
        "command": " ".join(("grpcdemo", *arguments)),
        "grpcdemo": __version__,
        "kubernetes": "v1.34.0",
        "istio": [],
        "sandbox": False,
        "context": "fake",
        "namespace": "istio-grpc-demo",
    }


def test_csv(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert sorted(int(row["responses"]) for row in rows) == [0, 0, 25]


def test_markdown(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "pinned", "-o", "markdown")
    assert ended.out.startswith("**pinned**: all ")


def test_log_is_the_lines_and_nothing_else(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "-o", "log")
    lines = ended.out.splitlines()
    assert len(lines) == 25
    assert all(re.fullmatch(r"seq=\d+ code=OK pod=grpc-server\S+ pod_ip=\S+ latency_ms=1.00", line) for line in lines)
    numbers = [int(line.split()[0].removeprefix("seq=")) for line in lines]
    assert numbers == sorted(numbers)
    assert ended.error_lines[-1].startswith("inconclusive: ")


def test_log_of_several_clients_names_them(grpcdemo: Command, kubeconfig: str) -> None:
    grpcdemo("up", "--kubeconfig", kubeconfig, "--clients", "2")
    ended = grpcdemo("observe", "--kubeconfig", kubeconfig, "--requests", "200", "-o", "log")
    names = {line.split()[0] for line in ended.out.splitlines()}
    assert len(names) == 2
    assert all(re.fullmatch(r"\[grpc-client-\S+\]", name) for name in names)


def test_jsonl_ends_with_the_result(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "-o", "jsonl")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert records[-1]["responses"] == 25
    assert [record["time"] for record in records] == sorted(record["time"] for record in records)


def test_plain_is_without_bars(grpcdemo: Command, up: str) -> None:
    assert "█" in grpcdemo("observe", "--kubeconfig", up, "--requests", "25").out
    assert "█" not in grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "--plain").out


def test_a_large_picture_stays_on_a_terminal(up: str) -> None:
    with on_terminal(LINES="24") as terminal:
        assert main(["observe", "--kubeconfig", up, "--expect", "pinned", "--big"]) == 0
    last = terminal.text.splitlines()[-23:]
    assert last[-1].strip() == "PINNED"
    assert sum("█" * 60 in line for line in last) == 4
    assert not any("RESPONSES" in line for line in last)


def test_a_large_picture_is_for_terminals(grpcdemo: Command, up: str) -> None:
    assert grpcdemo("observe", "--kubeconfig", up, "--requests", "25", "--big").out.startswith("SERVER POD")
    ended = grpcdemo("observe", "--kubeconfig", up, "--plain", "--big")
    assert ended.error_lines == ["error: --plain and --big cannot be combined", "hint: choose one of them"]


def test_a_report_of_an_observation(grpcdemo: Command, up: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "balanced", "--report", str(report))
    assert ended.code == 3
    assert "<strong>pinned</strong>" in report.read_text(encoding="utf-8"), "also of what was not expected"


def test_a_report_is_alone_on_stdout(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "pinned", "--report", "-")
    assert (ended.code, ended.out[:15], ended.out[-8:]) == (0, "<!doctype html>", "</html>\n")
    assert ended.out.isascii()
    assert "&#8230;" in ended.out, "the short names of pods begin with an ellipsis"
    assert ended.error_lines[-1].startswith("pinned: all ")
    assert not any("written to" in line for line in ended.error_lines)


@pytest.mark.parametrize(("command", "form"), [("observe", "json"), ("observe", "log"), ("demo", "json")])
def test_a_report_and_a_result_are_not_both_for_stdout(grpcdemo: Command, command: str, form: str) -> None:
    ended = grpcdemo(command, "--report", "-", "-o", form)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines == [
        f"error: --report - and --output {form} both write to stdout",
        "hint: name a file for the report",
    ]


@pytest.mark.parametrize("command", ["observe", "demo"])
def test_an_unwritable_report_is_refused_first(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, command: str, tmp_path: Path
) -> None:
    report = tmp_path / "missing" / "report.html"
    ended = grpcdemo(command, "--kubeconfig", kubeconfig, "--report", str(report))
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines == [
        f"error: cannot write {report}: No such file or directory",
        "hint: name a file in an existing directory",
    ]
    assert cluster.faults.asked == []


@pytest.mark.parametrize(("command", "code"), [(("observe",), 1), (("demo", "--context", "other"), 2)], ids=str)
def test_no_observation_no_report(
    grpcdemo: Command, kubeconfig: str, tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    ended = grpcdemo(*command, "--kubeconfig", kubeconfig, "--report", str(tmp_path / "report.html"))
    assert ended.code == code
    assert list(tmp_path.glob("*.html")) == []


def test_a_service_that_nobody_counts(grpcdemo: Command, up: str) -> None:
    target = ("--kubeconfig", up, "-n", DEMO)
    ended = grpcdemo("observe", "svc/grpc-server", "--expect", "pinned", "--timeout", "0", *target)
    metrics = "no server pod declares a metrics port (set --metrics-port)"
    connections = (
        "the server pods' connections cannot be read: no container has the program `cat`, as in a distroless image"
    )
    proxy = "no client pod has Istio's sidecar or Linkerd's proxy"
    why = f"{proxy}, and {metrics}, and {connections}, so requests cannot be counted"
    assert ended.code == 4
    assert f"inconclusive: {why}" in " ".join(ended.out.split())
    assert ended.error_lines[-2:] == [
        f"error: expected pinned, but there is no verdict: {why}",
        f"hint: `grpcdemo diagnose svc/grpc-server --namespace {DEMO}` says from the configuration whether clients "
        "are pinned, and what cures it",
    ]
    document = json.loads(grpcdemo("observe", "grpc-server", "--for", "0s", "-o", "json", *target).out)
    assert (document["source"], document["verdict"]) == ("envoy", "inconclusive")


def test_options_that_a_service_needs_or_has_not(grpcdemo: Command, kubeconfig: str) -> None:
    for words in (("--client", "web"), ("svc/cart", "--since", "3s"), ("svc/cart", "-o", "log"), ("deploy/cart",)):
        assert grpcdemo("observe", *words, "--kubeconfig", kubeconfig).code == 2, words


def test_connections_have_no_requests_to_end_with(grpcdemo: Command, kubeconfig: str) -> None:
    ended = grpcdemo("observe", "cart", "--source", "connections", "--requests", "9", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.error_lines[-1]) == (2, "hint: use --for")
