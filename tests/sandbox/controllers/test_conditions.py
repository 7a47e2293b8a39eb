"""The times of conditions."""

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.controllers.conditions import build_condition, renew_condition, set_condition


def times(status: Object) -> tuple[str, str]:
    (found,) = status["conditions"]
    return found["lastTransitionTime"], found["lastUpdateTime"]


def said(status: str, reason: str, now: str) -> Object:
    return build_condition("Progressing", status, reason, "", now, updates=True)


def test_an_unchanged_condition_keeps_its_times() -> None:
    status: Object = {}
    for now in ("1", "2"):
        set_condition(status, said("True", "Created", now))
    assert times(status) == ("1", "1")


def test_a_new_reason_is_an_update_and_a_new_status_a_transition() -> None:
    status: Object = {}
    set_condition(status, said("True", "Created", "1"))
    set_condition(status, said("True", "Updated", "2"))
    assert times(status) == ("1", "2")
    set_condition(status, said("False", "Late", "3"))
    assert times(status) == ("3", "3")


def test_an_unchanged_condition_can_be_renewed() -> None:
    status: Object = {}
    for now in ("1", "2"):
        renew_condition(status, said("True", "Updated", now))
    assert times(status) == ("1", "2")
