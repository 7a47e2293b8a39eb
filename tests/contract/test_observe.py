"""`observe` on a running demo: how it ends, what it prints, and what it counts when pods come and go."""

import json

from tests.contract.tools import Demo, Running

MORTAL_CLIENT = """
import os, threading
from grpcdemo.workload.client import main
threading.Timer(8, os._exit, [1]).start()
main()
"""


def watching(demo: Demo, output: str = "jsonl") -> Running:
    """An `observe` without an end of its own."""
    return demo.start("observe", "--output", output)


def test_requests_is_exact(running: Demo) -> None:
    seen = running.run("observe", "--requests", "25", "--output", "json").check(0).json
    assert seen["responses"] == 25
    assert sum(server["responses"] for server in seen["servers"]) == 25
    assert seen["missed"] == 0


def test_for_ends_by_time(running: Demo) -> None:
    seen = running.run("observe", "--for", "5", "--output", "json").check(0).json
    assert seen["responses"] > 0
    assert {server["ready"] for server in seen["servers"]} == {"1/1"}


def test_without_a_terminal_there_is_neither_colour_nor_redrawing(running: Demo) -> None:
    seen = running.run("observe", "--requests", "10").check(0)
    assert "\x1b" not in seen.out + seen.err
    columns = ["SERVER", "POD", "IP", "NODE", "READY", "PROXY", "RESPONSES", "SHARE", "EVEN", "OVER"]
    assert seen.out.splitlines()[0].split()[: len(columns)] == columns
    assert seen.out.rstrip().splitlines()[-1].startswith("inconclusive: ")


def test_ctrl_c_ends_with_what_was_seen(running: Demo) -> None:
    seen = running.interrupted("responses", "observe")
    assert seen.out.startswith("SERVER POD")
    assert (seen.error, seen.hint) == ("", "")


def test_too_few_responses_is_exit_4(demo: Demo) -> None:
    demo.run("up", "--servers", "2", "--rate", "1").check(0)
    seen = demo.run("observe", "--expect", "pinned", "--timeout", "3").check(4)
    assert "there is no verdict" in seen.error


def test_a_new_client_is_followed_from_its_first_response(demo: Demo) -> None:
    demo.run("up", "--servers", "2").check(0)
    with watching(demo) as seen, watching(demo, "log") as lines:
        seen.wait_for_record(lambda record: record["responses"])
        lines.out.next()
        demo.kubectl("rollout", "restart", "deployment/grpc-client")
        lines.out.until(lambda line: "seq=1 " in line)
        # a window with the old one, perhaps one with both, and one with the new one
        record = seen.wait_for_record(lambda record: record["windows"] > 1 and record["verdict"] == "pinned")
    assert record["missed"] == 0


def test_a_client_that_restarts_in_its_pod_opens_a_window(demo: Demo) -> None:
    demo.run("up", "--servers", "2").check(0)
    mortal = ["python3", "-c", MORTAL_CLIENT]
    client = demo.client()
    demo.patch_container("grpc-client", command=mortal)
    demo.roll_out("grpc-client")
    demo.kubectl("wait", "--for=delete", f"pod/{client}", "--timeout=60s")
    client = demo.client()
    with watching(demo) as seen:
        record = seen.wait_for_record(lambda record: record["windows"] > 1 and record["responses"])
    assert record["missed"] == 0
    assert demo.client() == client


def test_more_servers_open_a_window(demo: Demo) -> None:
    demo.run("up", "--servers", "2").check(0)
    with watching(demo) as seen:
        seen.wait_for_record(lambda record: record["responses"])
        demo.kubectl("scale", "deployment/grpc-server", "--replicas=3")
        seen.wait_for_record(lambda record: record["windows"] > 1 and len(record["servers"]) == 3)


def test_several_clients_are_each_pinned(demo: Demo) -> None:
    demo.run("up", "--servers", "3", "--clients", "3").check(0)
    demo.run("observe", "--expect", "pinned").check(0)
    # One client alone takes long for so many: the logs of the others are open by then.
    seen = demo.run("observe", "--requests", "2000", "--output", "json").check(0).json
    assert (seen["verdict"], len(seen["byClient"])) == ("pinned", 3)
    assert all(len(answered) == 1 for answered in seen["byClient"].values())


def test_nothing_to_observe_is_said(demo: Demo) -> None:
    seen = demo.run("observe", "--requests", "1").check(1)
    assert f"there is no demo: namespace {demo.namespace} does not exist" in seen.error
    assert "grpcdemo up" in seen.hint


def test_a_service_is_counted_by_the_sidecars_of_its_clients(demo: Demo) -> None:
    """Without one, nobody counts; the cure while it runs brings the verdict, and what fails from then on, is told."""
    demo.run("up").check(0)
    watched = ("observe", "svc/grpc-server", "--client", "deploy/grpc-client", "--source", "envoy")
    blind = demo.run(*watched, "--expect", "pinned", "--timeout", "1").check(4)
    assert "no client pod has Istio's sidecar" in blind.error
    with demo.start(*watched, "--output", "jsonl") as seen:
        seen.wait_for_record(lambda record: record["verdict"] == "inconclusive")
        demo.run("istio", "on").check(0)
        record = seen.wait_for_record(lambda record: record["verdict"] == "balanced")
        assert record["windows"] > 1
        assert sum(server["responses"] for server in record["servers"]) == record["responses"]
        nowhere = [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9}]
        demo.kubectl("patch", "service/grpc-server", "--type=json", "--patch", json.dumps(nowhere))
        record = seen.wait_for_record(lambda record: " requests failed: " in record["reason"])
        assert sum(server["failed"] for server in record["servers"]) == record["errors"]["failed"]
