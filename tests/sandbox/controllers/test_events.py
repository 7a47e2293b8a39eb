"""Events are told once, counted, combined where they are many, and dropped where they are too many."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import EVENTS, NAMESPACES, SERVICES
from grpcdemo.sandbox.controllers.events import KEPT, Recorder
from tests.sandbox.controllers.world import NAMESPACE, World, serve


def recorder(world: World, component: str = "tester", host: str = "") -> Recorder:
    return Recorder(world.registry, world.clock, component, host=host)


def events(world: World) -> list[Object]:
    return world.store.list(EVENTS, NAMESPACE)


def test_an_event_says_who_said_what_of_whom() -> None:
    world = World()
    service = serve(world)
    recorder(world, "kubelet", "node").warning(SERVICES, service, "Unhappy", "it rains")
    (event,) = events(world)
    assert event["metadata"]["name"].startswith("server.")
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "name": "server",
        "namespace": NAMESPACE,
        "resourceVersion": service["metadata"]["resourceVersion"],
        "uid": service["metadata"]["uid"],
    }
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "Unhappy", "it rains")
    assert event["source"] == {"component": "kubelet", "host": "node"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"


def test_what_happens_to_two_parts_of_an_object_is_told_of_each() -> None:
    world = World()
    service, record = serve(world), recorder(world)
    for field in ("spec.ports{a}", "spec.ports{b}", "spec.ports{b}"):
        record.normal(SERVICES, service, "Rain", "it rains", field=field)
    told = {event["involvedObject"]["fieldPath"]: event["count"] for event in events(world)}
    assert told == {"spec.ports{a}": 1, "spec.ports{b}": 2}


def test_the_same_again_is_counted() -> None:
    world = World()
    service, record = serve(world), recorder(world)
    record.normal(SERVICES, service, "Rain", "it rains")
    world.clock.advance(60)
    record.normal(SERVICES, service, "Rain", "it rains")
    record.normal(SERVICES, service, "Sun", "it rains")
    counted, other = sorted(events(world), key=lambda event: str(event["reason"]))
    assert (counted["count"], other["count"]) == (2, 1)
    assert (counted["firstTimestamp"], counted["lastTimestamp"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")


def test_the_tenth_that_is_alike_stands_for_all_that_follow() -> None:
    world = World()
    service, record = serve(world), recorder(world)
    for number in range(12):
        record.warning(SERVICES, service, "Rain", f"drop {number}")
    assert len(events(world)) == 10
    (combined,) = [event for event in events(world) if event["count"] > 1]
    assert combined["message"] == "(combined from similar events): drop 11"
    assert combined["count"] == 3
    world.clock.advance(601)
    record.warning(SERVICES, service, "Rain", "drop 12")
    assert "drop 12" in [event["message"] for event in events(world)]


def test_an_event_that_somebody_deleted_is_told_anew() -> None:
    world = World()
    service, record = serve(world), recorder(world)
    record.normal(SERVICES, service, "Rain", "it rains")
    world.store.remove(EVENTS, NAMESPACE, events(world)[0]["metadata"]["name"])
    record.normal(SERVICES, service, "Rain", "it rains")
    assert [event["count"] for event in events(world)] == [1]


def test_only_so_many_are_kept_the_oldest_go() -> None:
    world = World()
    service, record = serve(world), recorder(world)
    for number in range(KEPT):
        record.normal(SERVICES, service, f"Reason{number}", "it rains")
    record.normal(SERVICES, service, "Reason0", "it rains")
    for number in range(KEPT, KEPT + 4):
        record.normal(SERVICES, service, f"Reason{number}", "it rains")
    reasons = {event["reason"] for event in events(world)}
    assert len(reasons) == KEPT
    assert "Reason0" in reasons
    assert "Reason4" not in reasons
    assert "Reason5" in reasons


def test_nothing_is_told_in_a_namespace_that_ends() -> None:
    world = World()
    service = serve(world)
    world.store.mark_deleted(NAMESPACES, "", NAMESPACE)
    recorder(world).normal(SERVICES, service, "Rain", "it rains")
    assert events(world) == []
