"""A sandbox that a command starts on demand, and that stops when it is empty."""

import json
import subprocess
from pathlib import Path

import pytest

from grpcdemo.manifests.defaults import NAMESPACE
from tests.contract.tools import SMALL, kubectl
from tests.sandbox.user import PROGRAM, SandboxUser

pytestmark = pytest.mark.sandbox


def test_demo_needs_no_cluster_and_leaves_nothing(sandbox: SandboxUser) -> None:
    told = sandbox.run("demo", "--output", "json")
    result = told.json
    assert (result["istioOff"]["verdict"], result["istioOn"]["verdict"]) == ("pinned", "balanced")
    assert result["provenance"]["sandbox"] is True
    assert told.err.startswith("using the sandbox on this machine, namespace")
    assert "✓ the sandbox has stopped" in told.err
    sandbox.wait_until_gone()
    assert {path.name for path in sandbox.state.root.iterdir()} == {"daemon.log", "lock"}


def test_no_proxy_of_the_environment_is_for_the_sandbox(sandbox: SandboxUser, tmp_path: Path) -> None:
    report, names = tmp_path / "report.html", ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
    for name in (*names, *map(str.upper, names)):
        sandbox.environment[name] = "http://me:canary@127.0.0.1:9"
    told = sandbox.run("demo", "--output", "json", "--report", str(report))
    assert (told.json["istioOff"]["verdict"], told.json["istioOn"]["verdict"]) == ("pinned", "balanced")
    log = sandbox.state.root / "daemon.log"
    assert not [text for text in (told.out, told.err, report.read_text(), log.read_text()) if "canary" in text]


def test_it_stays_until_the_last_demo_in_it_is_cleaned_up(sandbox: SandboxUser) -> None:
    assert "waiting for the sandbox to start" in sandbox.run("up", *SMALL).err
    assert "sandbox to start" not in sandbox.run("up", *SMALL, "--namespace", "other").err
    assert "the sandbox has stopped" not in sandbox.run("cleanup").err
    assert "1/1" in sandbox.run("status", "--namespace", "other").out
    assert "the sandbox injects Envoy itself" in sandbox.run("istio", "status", "--namespace", "other").out
    assert "the sandbox has stopped" in sandbox.run("cleanup", "--namespace", "other").err
    sandbox.run("sandbox", "status", code=1)


def test_a_dry_run_stops_no_sandbox(sandbox: SandboxUser) -> None:
    sandbox.run("up", *SMALL)
    target = ("--kubeconfig", str(sandbox.state.kubeconfig), "--namespace", NAMESPACE)
    kubectl(*target, "delete", "deployments", "--all", "--cascade=foreground")
    assert "the sandbox has stopped" not in sandbox.run("cleanup", "--dry-run").err
    assert "the sandbox has stopped" in sandbox.run("cleanup").err


def test_a_sandbox_started_by_hand_stays(sandbox: SandboxUser) -> None:
    sandbox.run("up", "--dry-run")
    sandbox.run("sandbox", "status", code=1)

    sandbox.run("up", *SMALL)
    assert "runs already" in sandbox.run("sandbox", "start").err
    sandbox.run("cleanup")
    running = json.loads(sandbox.run("sandbox", "status", "--output", "json").out)
    assert running["kubeconfig"] == sandbox.run("sandbox", "kubeconfig").out.strip()


def test_ctrl_c_during_demo_stops_it(sandbox: SandboxUser) -> None:
    with sandbox.start("demo") as demo:
        demo.wait_for("waiting for grpc-server")
        demo.interrupt()
        told = demo.result().check(130)
    *_, ended, error = [line for line in told.err.splitlines() if not line.startswith("hint")]
    assert (ended, error) == ("✓ the sandbox has stopped", "error: interrupted")
    sandbox.wait_until_gone()


def test_a_broken_pipe_during_the_start_stops_it(sandbox: SandboxUser) -> None:
    with subprocess.Popen([*PROGRAM, "up"], env=sandbox.environment, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr
        assert any("waiting for the sandbox" in line for line in starting.stderr)
        starting.stderr.close()
    assert starting.returncode == 1
    sandbox.run("sandbox", "status", code=1)
    sandbox.wait_until_gone()
