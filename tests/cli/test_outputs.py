"""What `observe` and `demo` print for other programs, and the report that they write."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from grpcdemo import __version__
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import Command


@pytest.fixture
def up(grpcdemo: Command, kubeconfig: str) -> str:
    """The kubeconfig of a cluster in which the demo is up."""
    assert grpcdemo("up", "--kubeconfig", kubeconfig).code == 0
    return kubeconfig


def test_a_document_says_where_it_comes_from(grpcdemo: Command, up: str) -> None:
    arguments = ("observe", "--kubeconfig", up, "--requests", "5", "-o", "json")
    found = json.loads(grpcdemo(*arguments).out)["provenance"]
    assert found.pop("began")
    assert found == {
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
    ended = grpcdemo("observe", "--kubeconfig", kubeconfig, "--requests", "40", "-o", "log")
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


def test_a_report_of_an_observation(grpcdemo: Command, up: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    ended = grpcdemo("observe", "--kubeconfig", up, "--expect", "balanced", "--report", str(report))
    assert ended.code == 3
    assert "<strong>pinned</strong>" in report.read_text(encoding="utf-8"), "also of what was not expected"


def test_a_report_of_a_demo(grpcdemo: Command, kubeconfig: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report)).code == 0
    text = report.read_text(encoding="utf-8")
    assert text.index("<strong>pinned</strong>") < text.index("<strong>balanced</strong>")


@pytest.mark.parametrize("command", ["observe", "demo"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_done(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, command: str, tmp_path: Path
) -> None:
    report = tmp_path / "missing" / "report.html"
    ended = grpcdemo(command, "--kubeconfig", kubeconfig, "--report", str(report))
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines == [
        f"error: cannot write {report}: No such file or directory",
        "hint: name a file in a folder that is there",
    ]
    assert cluster.faults.asked == []


def test_a_report_of_a_demo_that_goes_otherwise(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, tmp_path: Path
) -> None:
    cluster.node.balances = True
    report = tmp_path / "report.html"
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report))
    assert ended.code == 3
    text = report.read_text(encoding="utf-8")
    assert "The demo failed</strong>: expected pinned, saw balanced" in text
    assert "Istio off</h2>" in text
    assert "Istio on</h2>" not in text


@pytest.mark.parametrize(("command", "code"), [(("observe",), 1), (("demo", "--context", "other"), 2)], ids=str)
def test_no_report_of_what_nobody_saw(
    grpcdemo: Command, kubeconfig: str, tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    ended = grpcdemo(*command, "--kubeconfig", kubeconfig, "--report", str(tmp_path / "report.html"))
    assert ended.code == code
    assert list(tmp_path.glob("*.html")) == []
