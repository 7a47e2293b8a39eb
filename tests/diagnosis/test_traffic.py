"""What counters say of the traffic since: whatever restarts, comes and goes."""

from itertools import zip_longest

from grpcdemo.diagnosis.failures import Failures, failing_requests
from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.streams import long_streams
from grpcdemo.diagnosis.traffic import Requests, Window, increase
from grpcdemo.model.observation import CountedBy
from grpcdemo.verdict import Outcome

SERVERS = {"10.0.0.1": "cart-1", "10.0.0.2": "cart-2"}


def counters(
    *answered: int, failed: tuple[int, ...] = (), given_up: int = 0, under_way: tuple[int, ...] = ()
) -> dict[str, Requests]:
    """Of each server; as many as were *given_up* at the first one began, and nobody knows more of them."""
    each = zip_longest(answered, failed, [given_up], under_way, fillvalue=0)
    return {
        f"10.0.0.{number}": Requests(here + wrong + lost, here, wrong, lasting)
        for number, (here, wrong, lost, lasting) in enumerate(each, 1)
    }


def window(*polls: dict[str, dict[str, Requests]], servers: dict[str, str] = SERVERS) -> Window:
    filled = Window()
    for now, poll in enumerate(polls):
        filled.add(now, servers, poll)
    return filled


def by(all_pods: int) -> CountedBy:
    """One client pod's sidecar, of so many."""
    return CountedBy("envoy", 1, all_pods)


def test_increase() -> None:
    assert increase(counters(5, 7), counters(8, 7)) == counters(3, 0)
    assert increase(counters(5), counters(8, 4)) == counters(3, 4)
    assert increase(counters(5, 7), counters(8)) == counters(3)
    assert increase(counters(5, 7), counters(8, 6)) == {}, "an Envoy has restarted"


def test_what_was_counted_before_does_not_matter() -> None:
    measurement = window({"web": counters(1000, 0)}, {"web": counters(1003, 4)}).measure({}, by(2))
    assert measurement.by_client == {"web": {"cart-1": 3, "cart-2": 4}}
    assert (measurement.seconds, measurement.is_whole) == (1, False)
    assert measurement.servers == ("cart-1", "cart-2")


def test_pinned_and_balanced() -> None:
    pinned = window({"web": counters(0, 9)}, {"web": counters(0, 49)}).measure({}, by(1))
    assert pinned.verdict.outcome is Outcome.PINNED
    balanced = window(*({"web": counters(20 * poll, 20 * poll)} for poll in range(30)))
    assert balanced.measure({}, by(1)).verdict.outcome is Outcome.BALANCED
    assert balanced.measure({"shop": "no answer"}, by(2)).verdict.outcome is Outcome.INCONCLUSIVE


def test_nobody_could_be_read() -> None:
    for untold in ("", "not all server pods can be read"):
        verdict = window({}, {}).verdict({"cart-1": "no answer"}, untold=untold)
        assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "blind to cart-1: no answer")


def test_a_restart_of_an_envoy_takes_only_its_own_time() -> None:
    measurement = window(
        {"web": counters(50, 50)}, {"web": counters(60, 60)}, {"web": counters(1, 2)}, {"web": counters(3, 5)}
    ).measure({}, by(1))
    assert measurement.by_client == {"web": {"cart-1": 12, "cart-2": 13}}


def test_other_servers_begin_another_window() -> None:
    changing = window({"web": counters(0, 0)}, {"web": counters(40, 0)})
    changing.add(2, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0)})
    assert (changing.measure({}, by(1)).by_client, changing.measure({}, by(1)).seconds) == ({"web": {}}, 0)
    changing.add(3, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0, 0)})
    assert changing.measure({}, by(1)).verdict.reason == "no request went to a server pod", (
        "the Envoy learns of it later"
    )
    changing.add(4, {**SERVERS, "10.0.0.3": "cart-3"}, {"web": counters(80, 0, 7)})
    assert changing.measure({}, by(1)).by_client == {"web": {"cart-3": 7}}


def test_another_host_in_an_envoy_begins_another_window() -> None:
    measurement = window(
        {"web": counters(0)}, {"web": counters(40)}, {"web": counters(40, 0)}, {"web": counters(45, 5)}
    )
    assert measurement.measure({}, by(1)).by_client == {"web": {"cart-1": 5, "cart-2": 5}}


def test_clients_that_come_and_go() -> None:
    measurement = window(
        {"old": counters(0, 0)}, {"old": counters(2, 2), "new": counters(30, 0)}, {"new": counters(31, 1)}
    ).measure({}, by(2))
    assert measurement.by_client == {"old": {"cart-1": 2, "cart-2": 2}, "new": {"cart-1": 1, "cart-2": 1}}


def test_requests_that_go_on_all_the_time() -> None:
    filled = Window()
    for now, (web, shop) in enumerate([((0, 2), (1, 1)), ((1, 1), (1, 2)), ((0, 3), (1, 1))]):
        polled = {
            "web": counters(7, 9, under_way=web),
            "shop": counters(5, 5, under_way=shop),
            "busy": counters(now, 0, under_way=(1, 1)),
        }
        filled.add(now, SERVERS, polled)
    measurement = filled.measure({}, by(3))
    assert measurement.streams == {"web": {"cart-2": 1}, "shop": {"cart-1": 1, "cart-2": 1}}, "the busy one has others"
    (finding,) = long_streams(measurement)
    assert (finding.severity, finding.summary.partition(":")[0]) == (
        Severity.MAY_PIN,
        "web started no request in 2 s, but 1 to cart-2 stayed open",
    )
    filled.add(3, SERVERS, {"web": counters(7, 9)})
    assert filled.streams.keys() == {"shop"}


def test_streams_alone_are_inconclusive_and_spread_ones_only_told() -> None:
    filled = Window()
    for now in range(2):
        filled.add(now, SERVERS, {"web": counters(5, 5, under_way=(1, 2))})
    measurement = filled.measure({}, by(1))
    assert measurement.verdict.reason == "no request was started, and 3 stayed open"
    assert [finding.severity for finding in long_streams(measurement)] == [Severity.OBSCURES]


def test_no_traffic_and_traffic_elsewhere_are_inconclusive() -> None:
    idle = window({"web": counters(5, 5)}, {"web": counters(5, 5)}).measure({}, by(1))
    assert (idle.verdict.outcome, idle.verdict.reason) == (Outcome.INCONCLUSIVE, "no request went to a server pod")
    elsewhere = window({"web": counters(0, 0, 0)}, {"web": counters(0, 0, 90)}).measure({}, by(1))
    assert elsewhere.verdict.outcome is Outcome.INCONCLUSIVE
    assert elsewhere.verdict.reason == "90 requests went to 10.0.0.3, which is not a ready endpoint here"


def test_only_answers_are_judged_and_failures_are_told() -> None:
    """Of even requests, all, most or a few fail, or those to one pod do, or clients give up waiting."""
    start = {"web": counters(50, 50, failed=(9, 9))}
    for end, outcome, reason in [
        (
            counters(50, 50, failed=(49, 69)),
            Outcome.INCONCLUSIVE,
            "100 of 100 requests failed: 60 at cart-2, 40 at cart-1; none of the 2 ready servers has answered yet",
        ),
        (counters(250, 250, failed=(309, 310)), Outcome.INCONCLUSIVE, "601 of 1001 requests failed: "),
        (
            counters(50, 150, failed=(59, 9)),
            Outcome.SKEWED,
            "all 100 responses came from one pod; 50 of 150 requests failed: 50 at cart-1",
        ),
        (
            counters(50, 150, failed=(9, 59)),
            Outcome.PINNED,
            "all 100 responses came from one pod; 50 of 150 requests failed: 50 at cart-2",
        ),
        (
            counters(50, 50, failed=(9, 9), given_up=70),
            Outcome.INCONCLUSIVE,
            "none of 70 requests was answered: they are pending or were canceled",
        ),
        (
            counters(50, 250, failed=(9, 9), given_up=70),
            Outcome.PINNED,
            "all 200 responses came from one pod",
        ),
    ]:
        verdict = window(start, {"web": end}).measure({}, by(1)).verdict
        assert (verdict.outcome, verdict.reason[: len(reason)]) == (outcome, reason)


def test_streams_under_way_or_ended_by_their_clients_have_not_failed() -> None:
    open_ = {"10.0.0.1": Requests(begun=5, under_way=5), "10.0.0.2": Requests(begun=4, under_way=1)}
    measurement = window({"web": dict.fromkeys(SERVERS, Requests())}, {"web": open_}).measure({}, by(1))
    assert measurement.verdict.reason == "none of 9 requests was answered: they are pending or were canceled"
    assert [*failing_requests(measurement.failures, "shop")] == []


def test_some_failures_leave_traffic_balanced() -> None:
    balanced = window(*({"web": counters(20 * poll, 20 * poll, failed=(poll, 0))} for poll in range(30)))
    measurement = balanced.measure({}, by(1))
    assert measurement.verdict.outcome is Outcome.BALANCED
    assert measurement.verdict.reason.endswith("; 29 of 1189 requests failed: 29 at cart-1")


def test_requests_whose_connection_failed_have_not_begun() -> None:
    refused = {"10.0.0.1": Requests(failed=30), "10.0.0.2": Requests(failed=30)}
    measurement = window({"web": dict.fromkeys(SERVERS, Requests())}, {"web": refused}).measure({}, by(1))
    assert measurement.verdict.reason.startswith("60 of 60 requests failed: 30 at cart-1, 30 at cart-2; ")


def test_what_fails_is_a_finding() -> None:
    most, few = (
        Failures({f"cart-{at}": at for at in range(1, 6)}, {"cart-6": 14}),
        Failures({"cart-1": 1}, {"cart-1": 14}),
    )
    (found,) = failing_requests(most, "shop")
    assert found.severity is Severity.ERRORS
    assert found.summary == "15 of 29 requests failed: 5 at cart-5, 4 at cart-4, 3 at cart-3 and others at 2 more pods"
    assert found.remedy.lines() == ["kubectl logs cart-5 --all-containers --tail=20 --namespace shop"]
    assert [finding.severity for finding in failing_requests(few, "shop")] == [Severity.OBSCURES]
    assert [*failing_requests(Failures({}, {"cart-1": 14}), "shop")] == []
    going = Failures({"cart-1": 4}, {"cart-2": 14, "cart-3": 14})
    assert [finding.severity for finding in failing_requests(going, "shop")] == [Severity.OBSCURES]
    one_pod = Failures({"cart-1": 7}, {"cart-1": 6, "cart-2": 14, "cart-3": 14})
    assert [finding.severity for finding in failing_requests(one_pod, "shop")] == [Severity.ERRORS]


def test_a_load_is_judged_without_the_clients() -> None:
    """What looks balanced, may be many pinned clients."""
    even = window(*({"web": counters(20 * poll, 20 * poll)} for poll in range(30)))
    reason = "the load is even, 2 pods answered 50% to 50% each, even share 50%, but whether a client stays on one pod"
    verdict = even.measure({}, by(1), "nobody knows").verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, f"{reason} is not known: nobody knows")
    alone = window({"web": counters(0, 0)}, {"web": counters(90, 0)})
    assert alone.measure({}, by(1), "nobody knows").verdict.outcome is Outcome.SKEWED
    assert alone.measure({"cart-2": "silent"}, by(1), "nobody knows").verdict.reason == "blind to cart-2: silent"


def test_counters_on_another_basis_begin_another_window() -> None:
    changing = Window()
    changing.add(0, SERVERS, {"web": counters(0, 0)}, "workloads")
    changing.add(1, SERVERS, {"web": counters(90, 90)}, "workloads")
    changing.add(2, SERVERS, {"web": counters(990, 990)}, "pods")
    assert (changing.number, changing.by_client) == (2, {"web": {}})
