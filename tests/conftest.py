"""For every test: a home and an environment without anybody's cluster in them."""

from __future__ import annotations

import pytest

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the views anew")


@pytest.fixture(autouse=True)
def _nobodys_cluster(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The developer's kubeconfig is for the tests that are marked `cluster` or `bench`, and for no other."""
    if request.node.get_closest_marker("cluster") or request.node.get_closest_marker("bench"):
        return
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
