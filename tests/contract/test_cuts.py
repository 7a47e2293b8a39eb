"""`observe` through a connection that is cut again and again: each call that the clients logged, once."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.contract.cutting import cutting_proxy
from tests.contract.tools import Demo

CLIENTS = 8
RATE = 10
CUTS = 40 * CLIENTS
PATIENCE_S = 120


@pytest.mark.timeout(900)
def test_a_log_that_is_cut_all_the_time_is_read_exactly_once(demo: Demo, tmp_path: Path) -> None:
    demo.run("up", "--clients", str(CLIENTS), "--rate", str(RATE)).check(0)
    with cutting_proxy(tmp_path, seed=1, least=2_000, most=5_000) as (proxy, kubeconfig):
        watching = Demo(demo.namespace, {"KUBECONFIG": kubeconfig})
        observing = watching.start("observe", "--output", "log")
        for _ in range(CLIENTS + 1):
            assert proxy.connections.acquire(timeout=PATIENCE_S), "not every log is followed"
        proxy.begin()
        for _ in range(CUTS):
            assert proxy.cuts.acquire(timeout=PATIENCE_S), "nothing comes through"
        proxy.end()
        clients = [name for name in demo.pods() if name.startswith("grpc-client")]
        missing = {f"[{client}] {demo.log(client, '--tail=1')[0]}" for client in clients}
        while missing:
            missing.discard(observing.out.next())
        observing.interrupt()
        seen = observing.result().check(130)
    counted = defaultdict(list)
    for client, call in re.findall(r"^\[(\S+)\] (seq=.*)$", seen.out, re.MULTILINE):
        counted[client].append(call)
    assert counted.keys() == set(clients)
    for client, calls in counted.items():
        logged = demo.log(client)
        first = logged.index(calls[0])
        assert calls == logged[first : first + len(calls)], f"lost or doubled by {client}"


def test_connections_that_were_forgotten_are_noticed(demo: Demo, tmp_path: Path) -> None:
    """They stay open, and nothing comes through them any more: as with a load balancer that lost its table."""
    demo.run("up", "--servers", "2").check(0)
    with cutting_proxy(tmp_path, seed=1, least=1, most=2) as (proxy, kubeconfig):
        through = Demo(demo.namespace, {"KUBECONFIG": kubeconfig})
        with through.start("observe", "--output", "jsonl") as observing:
            before = observing.wait_for_record(lambda record: record["responses"])["responses"]
            proxy.forget()
            after = observing.wait_for_record(lambda record: record["responses"] >= before + 500)
        assert (after["missed"], after["windows"]) == (0, 1)
        with through.start("istio", "on") as switching:
            switching.wait_for("waiting for")
            proxy.forget()
            switching.result().check(0)
    assert demo.ready_column() == {"2/2"}
