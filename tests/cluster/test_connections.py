"""Who is connected to whom. In the sandbox, kube-proxy's part is a proxy, which alone is connected to the servers."""

import pytest

from tests.contract.tools import Demo

pytestmark = pytest.mark.cluster

TOLD = ("diagnose", "svc/grpc-server", "--client", "deploy/grpc-client", "--source", "connections", "--output", "json")


def test_connections_tell_a_pinned_client_from_another(demo: Demo) -> None:
    demo.run("up").check(0)
    told = demo.run(*TOLD).check(3).json
    (servers,) = told["connections"].values()
    assert (told["verdict"], told["errorRate"], len(servers)) == ("pinned", None, 1)
    demo.kubectl("expose", "deployment/grpc-server", "--name=headless", "--cluster-ip=None", "--port=50051")
    env = {"TARGET": "dns:///headless:50051", "POLICY": "round_robin"}
    command = ["python3", "-m", "grpcdemo.workload.cures.client"]
    listed = [{"name": name, "value": value} for name, value in env.items()]
    demo.patch_container("grpc-client", command=command, env=listed)
    demo.roll_out("grpc-client")
    told = demo.run(*TOLD, "--for", "3s").check(3).json
    (servers,) = told["connections"].values()
    assert (told["verdict"], len(servers)) == ("inconclusive", 3)
    assert "is connected to 3 of 3 pods" in told["reason"]
