"""A full disk under a running demo: the failure is reported, and every process survives.

A limit on the size of the daemon's files stands for the full disk.
"""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grpcdemo.sandbox.state import running
from tests.sandbox.user import Observing, SandboxUser

pytestmark = pytest.mark.sandbox


@contextmanager
def full_disk(sandbox: SandboxUser) -> Iterator[None]:
    daemon = running(sandbox.state)
    assert daemon
    unlimited = resource.prlimit(daemon, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(daemon, resource.RLIMIT_FSIZE, unlimited)


def test_calls_that_were_not_logged_count_as_missed(sandbox: SandboxUser) -> None:
    sandbox.run("up", "--servers", "2")
    with Observing(sandbox) as observing:
        observing.wait_for_responses()
        with full_disk(sandbox):
            before, now = 0, observing.count()
            while before != now:
                before, now = now, observing.count()
        while observing.count() == now:
            pass
        seen = observing.last()
    assert seen["missed"] > 0
    assert (seen["verdict"], seen["windows"], seen["errors"]) == ("pinned", 1, {})
    pods = sandbox.run("status", "--output", "json").json["pods"]
    assert {(pod["status"], pod["restarts"]) for pod in pods} == {("Running", 0)}


def test_a_container_that_cannot_start_is_retried(sandbox: SandboxUser) -> None:
    sandbox.run("up", "--servers", "1")
    with full_disk(sandbox):
        told = sandbox.run("istio", "on", code=1).err
        assert re.search(r"(StartError|cannot start): \[Errno 27\] File too large", told), told
    sandbox.run("istio", "on")
    assert "30 responses" in sandbox.run("observe", "--requests", "30").out
