"""`compare` with real servers and clients: the known facts come out of it, and nothing is left."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.user import SandboxUser

pytestmark = pytest.mark.sandbox
SCHEMA = json.loads(files("grpcdemo.views").joinpath("comparison.schema.json").read_text("utf-8"))


def test_what_no_cure_and_a_headless_service_do(sandbox: SandboxUser, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    told = sandbox.run(
        *("compare", "--cures", "headless", "--rounds", "1", "--watch", "3s", "--output", "json"),
        *("--report", str(report)),
    )
    Draft202012Validator(SCHEMA).validate(told.json)
    none, headless = told.json["cures"]
    assert (none["name"], none["verdict"]) == ("none", "pinned")
    assert [window["clientConnections"] for window in none["windows"]] == [[1, 1], [1, 1]]
    assert headless["windows"][0]["clientConnections"] == [3, 3]
    assert headless["windows"][0]["serverConnections"] == [2, 2, 2]
    assert len(headless["byServer"]) == 3
    assert headless["repeatedShare"] < 0.1
    for cure in (none, headless):
        changes = cure["changesOfServers"]
        assert [one["event"] for one in changes["events"]] == ["scale-up", "crash", "restart", "scale-down"]
        assert changes["newPod"]["firstCallSeconds"] is None, "its address is looked up only when a connection breaks"
        assert changes["missed"] == 0
    assert report.read_text().count("<svg") == 2
    assert "✓ all namespaces of the comparison are gone" in told.err
    sandbox.wait_until_gone()


def test_ctrl_c_shows_what_was_measured(sandbox: SandboxUser, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    comparing = sandbox.start("compare", "--cures", "none", "--rounds", "2", "--report", str(report))
    comparing.wait_for("window 2 of 2")
    comparing.interrupt()
    told = comparing.result().check(130)
    assert "none: pinned: each client stays on one pod" in told.out
    assert "The comparison was ended before all was measured." in told.out
    assert "interrupted" in report.read_text()
    assert "✓ all namespaces of the comparison are gone" in told.err
    sandbox.wait_until_gone()
