"""Events: repeated ones are counted, similar ones combined, and the oldest dropped."""

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, NAMESPACES, SERVICES
from grpcdemo.sandbox.controllers.events import KEPT, Recorder
from tests.sandbox.controllers.world import NAMESPACE, World, serve


class Said:
    """A world with a Service, and what a recorder says of it."""

    def __init__(self) -> None:
        self.world = World()
        self.service = serve(self.world)
        self._recorder = Recorder(self.world.registry, self.world.clock, "kubelet", host="node")

    def normal(self, reason: str, message: str = "it rains", *, field: str = "") -> None:
        self._recorder.record("Normal", SERVICES, self.service, reason, message, field=field)

    def warning(self, reason: str, message: str) -> None:
        self._recorder.record("Warning", SERVICES, self.service, reason, message)

    def events(self) -> list[Object]:
        return self.world.store.list(EVENTS, NAMESPACE)


@pytest.fixture
def said() -> Said:
    return Said()


def test_the_fields_of_an_event(said: Said) -> None:
    said.warning("Unhappy", "it rains")
    (event,) = said.events()
    assert event["metadata"]["name"].startswith("server.")
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "name": "server",
        "namespace": NAMESPACE,
        "resourceVersion": said.service["metadata"]["resourceVersion"],
        "uid": said.service["metadata"]["uid"],
    }
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "Unhappy", "it rains")
    assert event["source"] == {"component": "kubelet", "host": "node"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"


def test_events_of_two_fields_are_apart(said: Said) -> None:
    for field in ("spec.ports{a}", "spec.ports{b}", "spec.ports{b}"):
        said.normal("Rain", field=field)
    told = {event["involvedObject"]["fieldPath"]: event["count"] for event in said.events()}
    assert told == {"spec.ports{a}": 1, "spec.ports{b}": 2}


def test_the_same_again_is_counted(said: Said) -> None:
    said.normal("Rain")
    said.world.clock.advance(60)
    said.normal("Rain")
    said.normal("Sun")
    counted, other = sorted(said.events(), key=lambda event: str(event["reason"]))
    assert (counted["count"], other["count"]) == (2, 1)
    assert (counted["firstTimestamp"], counted["lastTimestamp"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")


def test_similar_events_are_combined(said: Said) -> None:
    for number in range(12):
        said.warning("Rain", f"drop {number}")
    assert len(said.events()) == 10
    (combined,) = [event for event in said.events() if event["count"] > 1]
    assert combined["message"] == "(combined from similar events): drop 11"
    assert combined["count"] == 3
    said.world.clock.advance(601)
    said.warning("Rain", "drop 12")
    assert "drop 12" in [event["message"] for event in said.events()]


def test_a_deleted_event_is_told_again(said: Said) -> None:
    said.normal("Rain")
    said.world.store.remove(EVENTS, NAMESPACE, said.events()[0]["metadata"]["name"])
    said.normal("Rain")
    assert [event["count"] for event in said.events()] == [1]


def test_the_oldest_events_are_dropped(said: Said) -> None:
    for number in range(KEPT):
        said.normal(f"Reason{number}")
    said.normal("Reason0")
    for number in range(KEPT, KEPT + 4):
        said.normal(f"Reason{number}")
    reasons = {event["reason"] for event in said.events()}
    assert len(reasons) == KEPT
    assert "Reason0" in reasons
    assert "Reason4" not in reasons
    assert "Reason5" in reasons


def test_no_events_in_a_terminating_namespace(said: Said) -> None:
    said.world.store.mark_deleted(NAMESPACES, "", NAMESPACE)
    said.normal("Rain")
    assert said.events() == []
