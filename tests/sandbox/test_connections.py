"""The connections of the servers: with the sandbox's kube-proxy, and not with the clients."""

import pytest

from tests.sandbox.user import SandboxUser

pytestmark = pytest.mark.sandbox


def test_connections_come_from_the_proxy(sandbox: SandboxUser) -> None:
    sandbox.run("up", "--sandbox")
    told = sandbox.run(
        "diagnose", "svc/grpc-server", "--sandbox", "--namespace", "istio-grpc-demo", "--source", "connections",
        "--for", "2s", "--output", "json", code=3,
    ).json  # fmt: skip
    assert (told["verdict"], told["source"], told["connections"]) == ("inconclusive", "connections", {})
    assert told["reason"].startswith("no client pod is connected; ")
