"""The story: by one command, step by step, and by hand with kubectl."""

import re
import secrets
from pathlib import Path

import pytest

from tests.contract.tools import SLOWLY, Demo, kubectl, new_demo

pytestmark = pytest.mark.timeout(600)

EVEN_SHARE = pytest.approx(1 / 3, abs=0.15)


def test_demo_tells_it_all_and_leaves_nothing(demo: Demo) -> None:
    told = demo.run("demo").check(0)

    assert re.search(r"^READY +1/1 +2/2$", told.out, re.M), told.out
    assert re.search(r"^verdict +pinned +balanced$", told.out, re.M), told.out
    assert "100%" in told.out
    assert not demo.exists()


def test_demo_as_json_has_both_halves(demo: Demo) -> None:
    told = demo.run("demo", "--output", "json").check(0).json

    off, on = told["istioOff"], told["istioOn"]
    assert (off["verdict"], on["verdict"]) == ("pinned", "balanced")
    assert sorted(server["share"] for server in off["servers"]) == [0, 0, 1]
    assert [server["share"] for server in on["servers"]] == [EVEN_SHARE] * 3
    assert {server["ready"] for server in on["servers"]} == {"2/2"}


def test_step_by_step(demo: Demo) -> None:
    demo.run("up").check(0)
    assert demo.labels()["istio-injection"] == "disabled"
    assert len(demo.pods()) == 4
    assert demo.ready_column() == {"1/1"}

    demo.run("observe", "--expect", "pinned").check(0)
    wrong = demo.run("observe", "--expect", "balanced").check(3)
    assert "expected balanced, saw pinned" in wrong.error

    demo.run("istio", "on").check(0)
    assert demo.labels()["istio-injection"] == "enabled"
    assert demo.ready_column() == {"2/2"}
    demo.run("observe", "--expect", "balanced").check(0)

    before = set(demo.pods())
    again = demo.run("istio", "on").check(0)
    assert "nothing to restart" in again.err
    assert set(demo.pods()) == before

    demo.run("istio", "off").check(0)
    assert demo.ready_column() == {"1/1"}
    demo.run("observe", "--expect", "pinned").check(0)
    assert "nothing to restart" in demo.run("istio", "off").check(0).err

    demo.run("cleanup").check(0)
    assert not demo.exists()
    assert "nothing to clean up" in demo.run("cleanup").check(0).err


def test_by_hand_with_kubectl(demo: Demo, tmp_path: Path) -> None:
    demo.run("manifests", "--write", str(tmp_path)).check(0)
    kubectl("create", "namespace", demo.namespace)
    kubectl("label", "namespace", demo.namespace, "istio-injection=disabled")
    kubectl("create", "-f", str(tmp_path / "grpc-server.yaml"), "-f", str(tmp_path / "grpc-client.yaml"))
    demo.roll_out()
    assert demo.ready_column() == {"1/1"}
    assert len(_answering_ips(demo, 40)) == 1

    kubectl("label", "namespace", demo.namespace, "istio-injection=enabled", "--overwrite")
    demo.kubectl("rollout", "restart", "deployment/grpc-server", "deployment/grpc-client")
    demo.roll_out()
    demo.kubectl("wait", "--for=delete", "pod", "--selector", "!security.istio.io/tlsMode", "--timeout=60s")
    assert demo.ready_column() == {"2/2"}
    assert len(_answering_ips(demo, 60)) == 3

    demo.run("cleanup").check(0)
    assert demo.exists(), "the namespace was made by hand, and is not deleted"
    assert not demo.pods()


def test_up_applies_what_manifests_prints(running: Demo) -> None:
    printed = running.run("manifests", *SLOWLY).check(0).out
    running.kubectl("diff", "-f", "-", stdin=printed)


def test_up_again_changes_only_what_differs(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    before = set(demo.pods())
    assert demo.run("up", "--servers", "1").check(0).err.count("unchanged") == 3
    assert set(demo.pods()) == before

    demo.run("up", "--servers", "2", "--clients", "2").check(0)
    assert len(demo.pods()) == 4
    assert before < set(demo.pods())


def test_up_keeps_what_was_switched(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    demo.run("istio", "on").check(0)
    demo.run("up", "--servers", "2").check(0)
    assert demo.ready_column() == {"2/2"}
    assert len(demo.pods()) == 3
    assert demo.labels()["istio-injection"] == "enabled"


def test_up_waits_for_a_namespace_that_is_still_going(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    with demo.holding("service/grpc-server"):
        demo.run("cleanup", "--no-wait").check(0)
        again = demo.start("up", "--servers", "1")
        again.wait_for("to be gone")
    again.result().check(0)
    assert len(demo.pods()) == 2


def test_dry_run_changes_nothing(demo: Demo) -> None:
    assert "would create Deployment grpc-server" in demo.run("up", "--dry-run").check(0).err
    assert "would observe calls until balanced" in demo.run("demo", "--dry-run").check(0).err
    assert not demo.exists()

    demo.run("up", "--servers", "1").check(0)
    before = demo.get("namespace", demo.namespace), set(demo.pods())
    assert "would restart grpc-server and grpc-client" in demo.run("istio", "on", "--dry-run").check(0).err
    demo.run("up", "--servers", "2", "--dry-run").check(0)
    demo.run("cleanup", "--dry-run").check(0)
    assert (demo.get("namespace", demo.namespace), set(demo.pods())) == before


def test_demo_keep_leaves_it(demo: Demo) -> None:
    demo.run("demo", "--keep", "--servers", "2").check(0)
    assert demo.ready_column() == {"2/2"}


def _answering_ips(demo: Demo, count: int) -> set[str]:
    """The pod IPs in the next *count* calls of the client's log."""
    with demo.stream("logs", "--follow", "--tail=0", demo.client(), "--container=grpc-client") as log:
        calls = [re.search(r"code=OK .*pod_ip=(\S+)", log.out.next()) for _ in range(count)]
    return {call[1] for call in calls if call}


def test_a_namespace_that_looks_like_a_number() -> None:
    """YAML takes it for one unless it is quoted, and kubectl refuses it then."""
    with new_demo(f"1e{secrets.randbelow(10**6):06}") as demo:
        demo.run("up", "--servers", "1", *SLOWLY).check(0)
        printed = demo.run("manifests", "--servers", "1", *SLOWLY).check(0).out
        demo.kubectl("diff", "-f", "-", stdin=printed)
        demo.run("cleanup").check(0)
        assert not demo.exists()
