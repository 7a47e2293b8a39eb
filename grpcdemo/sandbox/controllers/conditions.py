"""Conditions in a status, and when their times move: on a change of what they say, not on each look."""

from __future__ import annotations

from grpcdemo.resources.objects import Object


def find_condition(status: Object, kind: str) -> Object | None:
    return next((found for found in status.get("conditions") or [] if found["type"] == kind), None)


def build_condition(kind: str, status: str, reason: str, message: str, now: str, *, updates: bool = False) -> Object:
    """*updates*: whether it has a lastUpdateTime, as a Deployment's conditions do."""
    condition = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now}
    return {**condition, "lastUpdateTime": now} if updates else condition


def set_condition(status: Object, condition: Object) -> None:
    """Put the condition in, at the end. One that says the same (status and reason) already stays as it is."""
    old = find_condition(status, condition["type"])
    if old and (old["status"], old["reason"]) == (condition["status"], condition["reason"]):
        return
    renew_condition(status, condition)


def renew_condition(status: Object, condition: Object) -> None:
    """Put the condition in even where it says the same, as of now; the transition is when the status changed."""
    old = find_condition(status, condition["type"])
    if old and old["status"] == condition["status"]:
        condition = {**condition, "lastTransitionTime": old["lastTransitionTime"]}
    remove_condition(status, condition["type"])
    status["conditions"] = [*(status.get("conditions") or []), condition]


def remove_condition(status: Object, kind: str) -> None:
    left = [found for found in status.get("conditions") or [] if found["type"] != kind]
    status.pop("conditions", None)
    if left:
        status["conditions"] = left
