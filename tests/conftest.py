"""Every test runs in one environment, whatever the developer's holds."""

import locale
import os
import signal
import time

import pytest
from hypothesis import settings

KEPT = {"PATH", "LD_LIBRARY_PATH", "TMPDIR", "HOME"}
"""What it takes to start a program. A test has a HOME of its own, unless it needs the developer's cluster."""
FIXED = {"LANG": "C.UTF-8", "TZ": "UTC"}
DEVELOPERS_KUBECONFIG = "PYTEST_KUBECONFIG"
"""Holds KUBECONFIG for the tests that are marked `cluster` or `bench`: no other test may reach that cluster."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IGNORED = {number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN}
"""What `nohup`, or a shell's `&`, told this process to ignore."""

settings.load_profile("ci")
"""Hypothesis tries the same examples each time, however slow the machine is."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the views")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Two for each processor, because a test that starts a sandbox mostly waits."""
    return None if "not sandbox" in config.option.markexpr else 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run first what takes longest, so that no worker waits for another at the end."""
    items.sort(key=_most_seconds, reverse=True)


def _most_seconds(item: pytest.Item) -> int:
    if not item.get_closest_marker("sandbox"):
        return 0
    timeout = item.get_closest_marker("timeout")
    return int(timeout.args[0]) if timeout else 1


@pytest.hookimpl(trylast=True)  # pytest's own output still follows the developer's NO_COLOR
def pytest_configure() -> None:
    environment = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PYTEST_")}
    if "KUBECONFIG" in os.environ:
        environment[DEVELOPERS_KUBECONFIG] = os.environ["KUBECONFIG"]
    os.environ.clear()
    os.environ.update(environment, **FIXED)
    locale.setlocale(locale.LC_ALL, "")
    time.tzset()
    os.umask(0o022)
    take_signals()


def take_signals() -> None:
    """Let every signal that ends a process end the run as Ctrl-C does, so that fixtures end what they started.

    A child process inherits an ignored signal, but not a handler.
    """
    for number in ENDING:
        signal.signal(number, _ignore if number in IGNORED else signal.default_int_handler)


def _ignore(*_: object) -> None:
    pass


@pytest.fixture(autouse=True)
def _signals() -> None:
    """Take the signals back: a command that ran in this process has reset their handlers."""
    take_signals()


@pytest.fixture(autouse=True)
def _home(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not any(request.node.get_closest_marker(name) for name in ("cluster", "bench")):
        monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):  # reading all that a machine trusts takes longer than most tests
            monkeypatch.setenv(name, os.devnull)
