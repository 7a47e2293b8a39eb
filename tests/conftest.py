"""Every test runs in one environment, whatever the developer's holds."""

import gc
import locale
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

KEPT = {"PATH", "LD_LIBRARY_PATH", "TMPDIR", "HOME"}
"""What it takes to start a program. A test has a HOME of its own, unless it needs the developer's cluster."""
FIXED = {"LANG": "C.UTF-8", "TZ": "UTC"}
OWN = dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR"), os.devnull)
"""Reading all that a machine trusts takes longer than most tests, and aiohttp reads it twice as it is imported. The
tests on the developer's cluster need it."""
HOMES = pytest.StashKey[str]()
"""The folder of the tests' homes."""
DEVELOPERS_HOME = str(Path.home())
DEVELOPERS_KUBECONFIG = "PYTEST_KUBECONFIG"
"""Holds KUBECONFIG for the tests that are marked `cluster` or `bench`: no other test may reach that cluster."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IGNORED = {number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN}
"""What `nohup`, or a shell's `&`, told this process to ignore."""

QUICK = "quick"
settings.register_profile(QUICK, settings.get_profile("ci"), max_examples=20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the views")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """More than there are processors, because tests wait: for a sandbox half of the time, else a third.

    Another worker pays for its imports and its collection, a few seconds of a processor, where it fills these gaps.
    """
    processors = os.cpu_count() or 1
    return processors + processors // 2 if "not sandbox" in config.option.markexpr else 2 * processors


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep modules and tests, which stay to the end, out of every later collection of garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run first what takes longest, so that no worker waits for another at the end."""
    items.sort(key=_most_seconds, reverse=True)


def _most_seconds(item: pytest.Item) -> int:
    if not any(item.get_closest_marker(name) for name in ("sandbox", "exhaustive")):
        return 0
    timeout = item.get_closest_marker("timeout")
    return int(timeout.args[0]) if timeout else 1


@pytest.hookimpl(trylast=True)  # pytest's own output still follows the developer's NO_COLOR
def pytest_configure(config: pytest.Config) -> None:
    homes = tempfile.TemporaryDirectory(prefix="grpcdemo-homes-", ignore_cleanup_errors=True)
    config.add_cleanup(homes.cleanup)
    config.stash[HOMES] = homes.name
    # Hypothesis tries the same examples each time, however slow the machine is, and fewer where a run is to be quick.
    settings.load_profile(QUICK if "not exhaustive" in config.option.markexpr else "ci")
    environment = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PYTEST_")}
    if "KUBECONFIG" in os.environ:
        environment[DEVELOPERS_KUBECONFIG] = os.environ["KUBECONFIG"]
    os.environ.clear()
    os.environ.update(environment, **FIXED, **OWN)
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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Take back the signals, whose handlers a command may have reset, and give the test a home.

    As fixtures, this would double what pytest takes for a small test.
    """
    take_signals()
    for name in OWN:
        os.environ.pop(name, None)
    if any(item.get_closest_marker(name) for name in ("cluster", "bench")):
        os.environ["HOME"] = DEVELOPERS_HOME
    else:
        os.environ.update(OWN, HOME=tempfile.mkdtemp(dir=item.config.stash[HOMES]))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Remove the home if nothing was written there, as after most tests."""
    if os.environ["HOME"] != DEVELOPERS_HOME:
        with suppress(OSError):
            Path(os.environ["HOME"]).rmdir()  # faster than to search it at the end
