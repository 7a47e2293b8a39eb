"""What is learned from one look at the connections to the next, and what it does to the verdict on requests."""

from collections.abc import Iterable

from grpcdemo.diagnosis.fan_out import OUTSIDE, Connection, Connections
from grpcdemo.diagnosis.traffic import Counters, Requests, Window
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.verdict.connections import LOOKS

SERVERS = {f"10.0.0.{at}": f"cart-{at}" for at in range(3)}
UNTOLD = "the counters do not tell callers apart"


def to(*servers: int, port: int = 40000) -> set[Connection]:
    """One connection to each."""
    return {Connection(f"cart-{at}", "10.0.1.1", port) for at in servers}


def look(window: Window, at: int, unseen: str = "", counts: Iterable[int] = (), **by_client: set[Connection]) -> None:
    counters: Counters = {ip: Requests(count, count) for ip, count in zip(SERVERS, counts, strict=False)}
    clients = {client.replace("_", "-") if client != "outside" else OUTSIDE: own for client, own in by_client.items()}
    window.add(float(at), SERVERS, {"unknown": counters} if counters else {}, connections=Connections(clients, unseen))


def verdict(window: Window, **unheard: str) -> Verdict:
    return window.verdict(unheard, untold=UNTOLD)


def test_a_client_is_pinned_once_its_connection_stays() -> None:
    window = Window()
    for at in range(LOOKS):
        assert verdict(window).outcome is Outcome.INCONCLUSIVE
        look(window, at, web_1=to(0), web_2=to(1))
    assert verdict(window).outcome is Outcome.PINNED
    assert window.connections == {"web-1": {"cart-0": 1}, "web-2": {"cart-1": 1}}


def test_a_new_connection_for_each_request_pins_nobody() -> None:
    window = Window()
    for at in range(3 * LOOKS):
        look(window, at, web_1=to(0, port=40000 + at))
    assert "by a connection that was open in 1 of at least 5 readings" in verdict(window).reason


def test_a_look_that_holds_for_long_counts_once() -> None:
    window, seen = Window(), Connections({"web-1": to(0)})
    for at in range(LOOKS):
        window.add(float(at), SERVERS, {}, connections=seen)
    assert "open in 1 of at least 5 readings" in verdict(window).reason


def test_a_client_that_moves_is_pinned_no_more() -> None:
    window = Window()
    for at in range(2 * LOOKS):
        look(window, at, web_1=to(0 if at < LOOKS else 1))
    assert (verdict(window).outcome, "to one at a time" in verdict(window).reason) == (Outcome.INCONCLUSIVE, True)
    window.begin(99.0)
    for at in range(LOOKS):
        look(window, 100 + at, web_1=to(1))
    assert verdict(window).outcome is Outcome.PINNED


def test_a_client_that_has_closed_its_connections_is_not_judged() -> None:
    window = Window()
    for at in range(LOOKS):
        others = {"web_2": to(0, 1)} if at == 0 else {}
        look(window, at, "", (), web_1=to(0), **others)
    assert (verdict(window).outcome, window.connections) == (Outcome.PINNED, {"web-1": {"cart-0": 1}})


def test_a_probe_from_outside_is_not_told_but_what_stays_is() -> None:
    window = Window()
    for at in range(LOOKS):
        look(window, at, web_1=to(0), outside=to(1, port=at))
    assert "outside" not in verdict(window).reason
    for at in range(LOOKS):
        look(window, LOOKS + at, web_1=to(0), outside=to(1, port=9) | to(2, port=8))
    assert verdict(window).reason.endswith("2 connections come from outside")


def test_nobody_is_pinned_while_a_server_is_not_seen() -> None:
    window = Window()
    for at in range(2 * LOOKS):
        look(window, at, unseen="cart-2" if at < LOOKS else "", web_1=to(0))
        if at < LOOKS:
            assert verdict(window, **{"cart-2": "silence"}).reason == "blind to cart-2: silence"
            assert window.connections is None
    assert verdict(window).outcome is Outcome.PINNED


def test_connections_name_who_makes_the_load_uneven_or_even() -> None:
    """Counters alone call the first skewed, and the second inconclusive."""
    for counts in ((99, 0, 0), (99, 99, 99)):
        window = Window()
        for at in range(2 * LOOKS):
            look(window, at, counts=[count * at for count in counts], web_1=to(0), web_2=to(1))
            if at < LOOKS - 1:
                assert verdict(window).outcome is Outcome.INCONCLUSIVE
        assert (verdict(window).outcome, verdict(window).error_rate) == (Outcome.PINNED, None)


def test_connections_to_all_pods_leave_the_load_to_the_counters() -> None:
    for counts, outcome in (((30, 0, 1), Outcome.SKEWED), ((30, 30, 30), Outcome.INCONCLUSIVE)):
        window = Window()
        for at in range(2 * LOOKS):
            look(window, at, counts=[count * at for count in counts], web_1=to(0, 1, 2))
        assert verdict(window).outcome is outcome
        if outcome is Outcome.INCONCLUSIVE:
            assert "is not known: web-1 is connected to 3 of 3 pods" in verdict(window).reason
