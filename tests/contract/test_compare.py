"""`compare` with real servers and clients: the known facts come out of it, and nothing is left."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.contract.tools import Demo

SCHEMA = json.loads(files("grpcdemo.views").joinpath("comparison.schema.json").read_text("utf-8"))
CLEANED = "✓ all namespaces of the comparison are gone"


@pytest.mark.timeout(900)
def test_the_known_facts_come_out(demo: Demo, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    options = ("--cures", "headless,proxyless", "--rounds", "1", "--watch", "3s", "--report", str(report))
    with demo.start("compare", *options, "--output", "json") as comparing:
        comparing.wait_for("measured in steady state: 5 windows")
        comparing.wait_for("changes watched: none, headless, proxyless")
        told = comparing.result().check(0)
    Draft202012Validator(SCHEMA).validate(told.json)
    none, headless, proxyless = told.json["cures"]
    assert [cure["name"] for cure in (none, headless, proxyless)] == ["none", "headless", "proxyless"]
    assert none["verdict"] == "pinned"
    assert {(*window["clientConnections"],) for window in none["windows"]} == {(1, 1)}
    for cure in (headless, proxyless):
        assert cure["windows"][0]["clientConnections"] == [3, 3]
        assert cure["windows"][0]["serverConnections"] == [2, 2, 2]
        assert len(cure["byServer"]) == 3
        assert cure["repeatedShare"] < 0.1
    for cure in (none, headless, proxyless):
        changes = cure["changesOfServers"]
        assert [one["event"] for one in changes["events"]] == ["scale-up", "crash", "restart", "scale-down"]
        assert changes["missed"] == 0
    for cure in (none, headless):  # it looks the name up again only when a connection breaks
        assert cure["changesOfServers"]["newPod"]["firstCallSeconds"] is None
    assert proxyless["changesOfServers"]["newPod"]["firstCallSeconds"] is not None
    assert report.read_text().count("<svg") == 3
    assert CLEANED in told.err


def test_ctrl_c_shows_what_was_measured(demo: Demo, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    told = demo.interrupted("window 2 of 2", "compare", "--cures", "none", "--rounds", "2", "--report", str(report))
    told.check(130)
    assert "none: pinned: each client stays on one pod" in told.out
    assert "The comparison ended before everything was measured." in told.out
    assert "interrupted" in report.read_text()
    assert CLEANED in told.err
