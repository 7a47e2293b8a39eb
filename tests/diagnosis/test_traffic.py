"""What counters say of the traffic since: whatever restarts, comes and goes."""

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.streams import long_streams
from grpcdemo.diagnosis.traffic import Window, increase
from grpcdemo.verdict import Outcome

SERVERS = {"10.0.0.1": "cart-1", "10.0.0.2": "cart-2"}


def counters(*numbers: int) -> dict[str, int]:
    return {f"10.0.0.{index}": number for index, number in enumerate(numbers, 1)}


def window(*polls: dict[str, dict[str, int]], servers: dict[str, str] = SERVERS) -> Window:
    filled = Window()
    for now, poll in enumerate(polls):
        filled.add(now, servers, poll)
    return filled


def test_increase() -> None:
    assert increase(counters(5, 7), counters(8, 7)) == counters(3, 0)
    assert increase(counters(5), counters(8, 4)) == counters(3, 4)
    assert increase(counters(5, 7), counters(8)) == counters(3)
    assert increase(counters(5, 7), counters(8, 6)) == {}, "an Envoy has restarted"


def test_what_was_counted_before_does_not_matter() -> None:
    measurement = window({"web": counters(1000, 0)}, {"web": counters(1003, 4)}).measure({}, 2)
    assert measurement.by_client == {"web": {"cart-1": 3, "cart-2": 4}}
    assert (measurement.seconds, measurement.pods, measurement.all_pods) == (1, 1, 2)
    assert measurement.servers == ("cart-1", "cart-2")


def test_pinned_and_balanced() -> None:
    pinned = window({"web": counters(0, 9)}, {"web": counters(0, 49)}).measure({}, 1)
    assert pinned.verdict.outcome is Outcome.PINNED
    balanced = window(*({"web": counters(20 * poll, 20 * poll)} for poll in range(30)))
    assert balanced.measure({}, 1).verdict.outcome is Outcome.BALANCED
    assert balanced.measure({"shop": "no answer"}, 2).verdict.outcome is Outcome.INCONCLUSIVE


def test_a_restart_of_an_envoy_takes_only_its_own_time() -> None:
    measurement = window(
        {"web": counters(50, 50)}, {"web": counters(60, 60)}, {"web": counters(1, 2)}, {"web": counters(3, 5)}
    ).measure({}, 1)
    assert measurement.by_client == {"web": {"cart-1": 12, "cart-2": 13}}


def test_other_servers_begin_another_window() -> None:
    changing = window({"web": counters(0, 0)}, {"web": counters(40, 0)})
    changing.add(2, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0)})
    assert (changing.measure({}, 1).by_client, changing.measure({}, 1).seconds) == ({"web": {}}, 0)
    changing.add(3, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0, 0)})
    assert changing.measure({}, 1).verdict.reason == "there were no requests", "the Envoy learns of it later"
    changing.add(4, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0, 7)})
    assert changing.measure({}, 1).by_client == {"web": {"cart-3": 7}}


def test_another_host_in_an_envoy_begins_another_window() -> None:
    measurement = window(
        {"web": counters(0)}, {"web": counters(40)}, {"web": counters(40, 0)}, {"web": counters(45, 5)}
    )
    assert measurement.measure({}, 1).by_client == {"web": {"cart-1": 5, "cart-2": 5}}


def test_clients_that_come_and_go() -> None:
    measurement = window(
        {"old": counters(0, 0)}, {"old": counters(2, 2), "new": counters(30, 0)}, {"new": counters(31, 1)}
    ).measure({}, 2)
    assert measurement.by_client == {"old": {"cart-1": 2, "cart-2": 2}, "new": {"cart-1": 1, "cart-2": 1}}


def test_requests_that_go_on_all_the_time() -> None:
    filled = Window()
    for now, (web, shop) in enumerate([((0, 2), (1, 1)), ((1, 1), (1, 2)), ((0, 3), (1, 1))]):
        polled = {"web": counters(7, 9), "shop": counters(5, 5), "busy": counters(now, 0)}
        under_way = {"web": counters(*web), "shop": counters(*shop), "busy": counters(1, 1)}
        filled.add(now, SERVERS, polled, under_way)
    measurement = filled.measure({}, 3)
    assert measurement.streams == {"web": {"cart-2": 1}, "shop": {"cart-1": 1, "cart-2": 1}}, "the busy one has others"
    (finding,) = long_streams(measurement)
    assert (finding.severity, finding.summary.partition(":")[0]) == (
        Severity.MAY_PIN,
        "web began no request in 2 s, and 1 to cart-2 went on",
    )
    filled.add(3, SERVERS, {"web": counters(7, 9)}, {"web": counters(0, 0)})
    assert filled.streams.keys() == {"shop"}


def test_streams_alone_are_inconclusive_and_spread_ones_only_told() -> None:
    filled = Window()
    for now in range(2):
        filled.add(now, SERVERS, {"web": counters(5, 5)}, {"web": counters(1, 2)})
    measurement = filled.measure({}, 1)
    assert measurement.verdict.reason == "no request began, and 3 went on all the time"
    assert [finding.severity for finding in long_streams(measurement)] == [Severity.OBSCURES]


def test_no_traffic_and_traffic_elsewhere_are_inconclusive() -> None:
    idle = window({"web": counters(5, 5)}, {"web": counters(5, 5)}).measure({}, 1)
    assert (idle.verdict.outcome, idle.verdict.reason) == (Outcome.INCONCLUSIVE, "there were no requests")
    elsewhere = window({"web": counters(0, 0, 0)}, {"web": counters(0, 0, 90)}).measure({}, 1)
    assert elsewhere.verdict.outcome is Outcome.INCONCLUSIVE
    assert elsewhere.verdict.reason == "90 requests went to 10.0.0.3, which is no ready endpoint here"
