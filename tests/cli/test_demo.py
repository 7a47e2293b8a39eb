"""`grpcdemo demo`"""

from pathlib import Path

from grpcdemo.resources.resource import NAMESPACES
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import DEMO, Command


def test_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert ended.code == 0
    assert ended.out.splitlines()[-2:] == [line for line in ended.out.splitlines() if line.startswith("Istio o")]
    assert DEMO not in cluster.names(NAMESPACES)


def test_an_unexpected_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    cluster.node.balances = True
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (3, "")
    assert DEMO not in cluster.names(NAMESPACES)


def test_a_report_of_a_demo(grpcdemo: Command, kubeconfig: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report)).code == 0
    text = report.read_text(encoding="utf-8")
    assert text.index("<strong>pinned</strong>") < text.index("<strong>balanced</strong>")


def test_a_report_of_a_failed_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, tmp_path: Path) -> None:
    cluster.node.balances = True
    report = tmp_path / "report.html"
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report))
    assert ended.code == 3
    text = report.read_text(encoding="utf-8")
    assert "The demo failed</strong>: expected pinned, saw balanced" in text
    assert "Istio off</h2>" in text
    assert "Istio on</h2>" not in text
