"""For every test: a home and an environment without anybody's cluster in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

FOREIGN = (
    "KUBECONFIG",
    "GRPCDEMO_TARGET",
    "XDG_STATE_HOME",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    *(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")),
    *(f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO")),
)
settings.load_profile("ci")
"""Of the properties, the same examples each time, and however slow the machine is."""
OWN_TARGET = ("sandbox", "cluster", "bench")
"""The marks of tests whose target a fixture has chosen, or the developer."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the views anew")


def leave_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Be in *home*, with nothing from the developer's environment that changes what a command does."""
    monkeypatch.setenv("HOME", str(home))
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _nobodys_cluster(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The developer's kubeconfig is for the tests that are marked `cluster` or `bench`, and for no other."""
    if not any(request.node.get_closest_marker(name) for name in OWN_TARGET):
        leave_home(monkeypatch, tmp_path_factory.mktemp("home"))
