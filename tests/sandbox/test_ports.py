"""The sandbox where only 127.0.0.1 answers: each virtual address and port maps to a port of it."""

from ipaddress import ip_address, ip_network

import pytest

from grpcdemo.sandbox.network import VARIABLE
from tests.sandbox.user import SandboxUser

pytestmark = pytest.mark.sandbox


def test_the_demo_is_the_same_on_ports(sandbox: SandboxUser) -> None:
    sandbox.environment[VARIABLE] = "ports"
    result = sandbox.run("demo", "--output", "json").json
    assert (result["istioOff"]["verdict"], result["istioOn"]["verdict"]) == ("pinned", "balanced")
    for half in ("istioOff", "istioOn"):
        assert result[half]["errors"] == {}
        assert all(ip_address(server["ip"]) in ip_network("10.244.0.0/16") for server in result[half]["servers"])
    sandbox.wait_until_gone()


def test_an_unknown_network_is_refused(sandbox: SandboxUser) -> None:
    sandbox.environment[VARIABLE] = "tokens"
    told = sandbox.run("sandbox", "start", code=1)
    assert told.error == f"error: the sandbox did not start: {VARIABLE} is 'tokens'"
    assert told.hint == "hint: set it to `ports`, or unset it"
