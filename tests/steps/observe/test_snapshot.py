"""Who votes for the verdict, and who is merely shown."""

from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.pods import Changing
from grpcdemo.steps.observe.record import Record
from grpcdemo.steps.observe.snapshot import take_snapshot
from grpcdemo.verdict import Criteria, Outcome, Verdict
from grpcdemo.workload.call_log import Result
from tests.views.samples import pod

from .calls import batch

CLIENT = pod("grpc-client", "x", 9)


def observation(
    *batches: Batch, servers: str = "abc", unready: str = "", criteria: Criteria | None = None
) -> Observation:
    record = Record(0.0)
    record.begin_window(0.0)
    for one in batches:
        record.add(one)
    pods = [pod("grpc-server", name, 1, name=name, ready=name not in unready) for name in servers]
    return take_snapshot(record, pods, [CLIENT], criteria or Criteria(), 2.0)


def test_it_says_what_was_counted() -> None:
    snapshot = observation(batch("a", "a", None, at=1.0))
    assert [server.name for server in snapshot.servers] == ["a", "b", "c"]
    assert snapshot.clients == (CLIENT,)
    assert (snapshot.tally.responses, snapshot.tally.seconds, snapshot.windows) == (2, 1.0, 1)
    assert sum(bin.count for bin in snapshot.latencies) == 2
    assert (sum(part.responses for part in snapshot.timeline.slices), snapshot.timeline.seconds) == (2, 2.0)


def test_responses_of_a_pod_that_is_gone_are_shown_but_do_not_vote() -> None:
    snapshot = observation(batch(*["c"] * 3, *["a"] * 40), servers="ab")
    assert snapshot.departed == {"c": "ip-of-c"}
    assert snapshot.tally.by_server() == {"a": 40, "c": 3}
    assert snapshot.verdict.outcome is Outcome.PINNED


def test_a_pod_that_is_gone_may_have_had_no_ip() -> None:
    assert observation(batch(Result("OK", "z", None, 1.0, None))).departed == {"z": ""}


def test_a_pod_that_is_not_ready_is_not_missed() -> None:
    evenly = batch(*["a", "b"] * 80)
    assert observation(evenly, unready="c").verdict.outcome is Outcome.BALANCED
    assert observation(evenly).verdict.outcome is Outcome.SKEWED


def test_nothing_is_skewed_while_pods_change() -> None:
    def verdict(calls: str, changing: Changing | None) -> Verdict:
        record = Record(0.0)
        record.begin_window(0.0)
        record.add(batch(*calls, at=1.0))
        pods = [pod("grpc-server", name, 1, name=name) for name in "abc"]
        return take_snapshot(record, pods, [CLIENT], Criteria(), 2.0, changing=changing).verdict

    uneven = verdict("ab" * 80, Changing(not_ready=1, terminating=2))
    assert uneven.outcome is Outcome.INCONCLUSIVE
    assert uneven.reason.startswith("server pods are changing (1 not ready, 2 terminating): c gave none of 160")
    assert verdict("ab" * 80, Changing()).outcome is Outcome.SKEWED
    assert verdict("ab" * 80, None).outcome is Outcome.SKEWED
    assert verdict("a" * 80, Changing(terminating=1)).outcome is Outcome.PINNED
    assert verdict("abc" * 80, Changing(terminating=1)).outcome is Outcome.BALANCED


def test_a_pod_that_is_not_ready_votes_if_it_answers() -> None:
    assert observation(batch(*["a"] * 80, *["c"] * 4), unready="bc").verdict.outcome is Outcome.SKEWED


def test_pods_keep_the_order_in_which_they_appeared() -> None:
    record = Record(0.0)
    record.begin_window(0.0)
    for servers in ("cb", "ab", "a"):
        pods = [pod("grpc-server", name, 1, name=name) for name in servers]
        snapshot = take_snapshot(record, pods, [CLIENT], Criteria(), 2.0)
    assert snapshot.appeared == ("b", "c", "a")


def test_order_and_criteria_count() -> None:
    turns = batch(*["a"] * 100, *["b"] * 100, *["c"] * 100)
    assert "same pod as the one before" in observation(turns).verdict.reason
    assert observation(batch(*["a"] * 40), criteria=Criteria(min_responses=41)).verdict.outcome is Outcome.INCONCLUSIVE


def test_a_verdict_stands_within_its_window_and_no_longer() -> None:
    record = Record(0.0)
    record.begin_window(0.0)
    pods = [pod("grpc-server", name, 1, name=name) for name in "abc"]

    def outcome(calls: str) -> Outcome:
        record.add(batch(*calls, at=1.0))
        return take_snapshot(record, pods, [CLIENT], Criteria(), 2.0).verdict.outcome

    assert outcome("abc" * 80) is Outcome.BALANCED
    assert outcome("a" * 40) is Outcome.BALANCED, "alone, these counts are in doubt"
    record.begin_window(2.0)
    assert outcome("abc") is Outcome.INCONCLUSIVE
