"""`grpcdemo demo`"""

import os
import re
import signal
from functools import partial
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from grpcdemo.resources.resource import NAMESPACES, PODS
from tests.fakes.hollow_cluster import HollowCluster

from .conftest import DEMO, Command
from .terminal import Terminal, on_terminal

QUESTION = f"A demo is deployed in namespace {DEMO}. Rebuild it, and delete it at the end? [y/N]: "


def test_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert ended.code == 0
    assert ended.out.splitlines()[-2:] == [line for line in ended.out.splitlines() if line.startswith("Istio o")]
    assert ended.error_lines[-1].startswith(f"next: step by step, `grpcdemo up --kubeconfig {kubeconfig}`, then `")
    assert DEMO not in cluster.names(NAMESPACES)


def test_a_demo_that_stays(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--keep", "--namespace", "kept")
    flags = f"--kubeconfig {kubeconfig} --namespace kept"
    look, remove = f"`grpcdemo observe {flags}`", f"`grpcdemo cleanup {flags}`"
    assert ended.error_lines[-1] == f"next: {look} shows which pods answer; {remove} removes the demo"
    assert "kept" in cluster.names(NAMESPACES)


def test_an_unexpected_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    cluster.node.balances = True
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (3, "")
    assert ended.error_lines[-1] == "hint: repeat it with --keep to inspect the demo"
    assert DEMO not in cluster.names(NAMESPACES)


def test_an_unexpected_demo_that_stays_can_be_looked_at(
    grpcdemo: Command, cluster: HollowCluster, kubeconfig: str
) -> None:
    cluster.node.balances = True
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--keep")
    assert ended.error_lines[-1] == "hint: see which pods have a proxy with `grpcdemo istio status`"


def test_a_demo_that_is_deployed_is_left_alone(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    before = cluster.names(PODS, DEMO)
    cluster.faults.asked.clear()
    ended = grpcdemo("demo", "--kubeconfig", up)
    _, error, hint = ended.error_lines
    assert (ended.code, ended.out) == (1, "")
    assert error.startswith(f"error: a demo is already deployed in namespace {DEMO} (")
    assert "with --replace; " in hint
    assert (cluster.names(PODS, DEMO), cluster.faults.changes) == (before, [])


def test_a_demo_that_may_be_replaced(grpcdemo: Command, cluster: HollowCluster, up: str) -> None:
    assert grpcdemo("demo", "--kubeconfig", up, "--replace").code == 0
    assert DEMO not in cluster.names(NAMESPACES)


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1)], ids=["yes", "no"])
def test_on_a_terminal_it_is_asked(cluster: HollowCluster, up: str, typed: str, code: int) -> None:
    with on_terminal(typed) as terminal:
        assert main(["demo", "--kubeconfig", up]) == code
    shown = terminal.text
    assert QUESTION in shown
    assert ("error: nothing was changed\nhint: choose another --namespace, " in shown) is bool(code)
    assert (DEMO in cluster.names(NAMESPACES)) is bool(code)


def test_a_report_of_a_demo(grpcdemo: Command, kubeconfig: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report))
    assert (ended.code, f"written to {report}" in ended.error_lines) == (0, True)
    text = report.read_text(encoding="utf-8")
    assert text.index("<strong>pinned</strong>") < text.index("<strong>balanced</strong>")
    assert f"grpcdemo istio on --context fake --kubeconfig {kubeconfig}\n" in text


def test_a_report_of_a_failed_demo_on_stdout(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    cluster.node.balances = True
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", "-")
    assert (ended.code, ended.out[:15], ended.out[-8:]) == (3, "<!doctype html>", "</html>\n")
    assert "The demo failed</strong>: expected pinned" in ended.out


def test_a_report_of_a_failed_demo(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str, tmp_path: Path) -> None:
    cluster.node.balances = True
    report = tmp_path / "report.html"
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--report", str(report))
    assert ended.code == 3
    text = report.read_text(encoding="utf-8")
    assert "The demo failed</strong>: expected pinned, saw balanced" in text
    assert "Istio off</h2>" in text
    assert "Istio on</h2>" not in text


ACTS = ("1/4 Deploy", "2/4 Without Istio", "3/4 Turn Istio on", "4/4 With Istio")


def shown_on(terminal: Terminal) -> str:
    """What stands on the terminal in the end: what Rich has drawn over is gone."""
    plain = re.sub(r"\x1b\[[0-9;?]*m", "", terminal.getvalue())
    screen: list[str] = []
    for line in plain.replace("\r", "").split("\n"):
        for _ in range(line.count("\x1b[1A")):
            screen.pop()
        screen.append(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line))
    return "\n".join(screen)


def test_each_act_begins_with_enter_and_its_picture_stays(cluster: HollowCluster, kubeconfig: str) -> None:
    with on_terminal() as terminal:
        terminal.question, terminal.at_question = "Press Enter", partial(terminal.type, "\n")
        assert main(["demo", "--kubeconfig", kubeconfig, "--pause"]) == 0
    shown = shown_on(terminal)
    places = [shown.index(f"\n{act}\n") for act in ACTS]
    assert places == sorted(places)
    assert [f"Press Enter for {part}: " in shown for part in (*ACTS, "the cleanup")] == [False, True, True, True, True]
    off, on = shown[places[1] : places[2]], shown[places[3] :]
    for act, verdict in ((off, "pinned: all "), (on, "balanced: 3 pods answered ")):
        assert act.count("SERVER POD") == 1
        assert act.index("──►") < act.index("SERVER POD") < act.index(f"\n{verdict}") < act.index("\nWhy: ")


def test_a_verdict_is_said_once(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    """By the picture, or in a line where there is none; each time with the command that shows its calls."""
    command = "  $ kubectl logs deployment/grpc-client --container grpc-client --tail 40 --namespace istio-grpc-demo"
    lines = grpcdemo("demo", "--kubeconfig", kubeconfig, "--show-commands").error_lines
    for verdict in ("✓ pinned: all ", "✓ balanced: 3 pods answered "):
        (at,) = [at for at, line in enumerate(lines) if line.startswith(verdict)]
        assert lines[at + 1].startswith(command)
        assert lines[at + 2].startswith("Why: ")
    with on_terminal() as terminal:
        main(["demo", "--kubeconfig", kubeconfig, "--show-commands", "--replace"])
    shown = shown_on(terminal)
    assert "✓ pinned: " not in shown
    assert shown.count("$ kubectl logs") == 2


def test_the_end_of_the_input_ends_the_pauses(cluster: HollowCluster, kubeconfig: str) -> None:
    with on_terminal("typed before it asks\n") as terminal:
        terminal.question, terminal.at_question = "Press Enter", partial(terminal.type, "\x04")
        assert main(["demo", "--kubeconfig", kubeconfig, "--pause"]) == 0
    assert terminal.getvalue().count("Press Enter") == 1


def test_ctrl_c_at_a_pause_cleans_up(cluster: HollowCluster, kubeconfig: str) -> None:
    with on_terminal() as terminal:
        terminal.question, terminal.at_question = "Press Enter", partial(os.kill, os.getpid(), signal.SIGINT)
        assert main(["demo", "--kubeconfig", kubeconfig, "--pause"]) == 130
    assert "2/4 Without Istio\n" not in terminal.getvalue()
    assert DEMO not in cluster.names(NAMESPACES)


def test_nobody_can_press_enter_without_a_terminal(grpcdemo: Command, cluster: HollowCluster, kubeconfig: str) -> None:
    ended = grpcdemo("demo", "--kubeconfig", kubeconfig, "--pause")
    assert (ended.code, ended.out, cluster.faults.asked) == (2, "", [])
    assert ended.error_lines == [
        "error: --pause waits for Enter, but there is no terminal",
        "hint: leave it out; --act-seconds 10 gives each picture time",
    ]
