"""Conditions in a status. Their times move when they change, not on every reconciliation."""

from __future__ import annotations

from grpcdemo.resources.objects import Object


def find_condition(status: Object, kind: str) -> Object | None:
    """In a *status* that is still being built; for an object, see `conditions_of`."""
    return next((condition for condition in status.get("conditions") or [] if condition["type"] == kind), None)


def build_condition(kind: str, status: str, reason: str, message: str, now: str, *, updates: bool = False) -> Object:
    """*updates* adds a lastUpdateTime, which a Deployment's conditions have."""
    condition = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now}
    return {**condition, "lastUpdateTime": now} if updates else condition


def set_condition(status: Object, condition: Object) -> None:
    """Add the condition, or replace it unless its status and reason are the same."""
    old = find_condition(status, condition["type"])
    if old and (old["status"], old["reason"]) == (condition["status"], condition["reason"]):
        return
    renew_condition(status, condition)


def renew_condition(status: Object, condition: Object) -> None:
    """Add or replace the condition. Its transition time moves with its status only."""
    old = find_condition(status, condition["type"])
    if old and old["status"] == condition["status"]:
        condition = {**condition, "lastTransitionTime": old["lastTransitionTime"]}
    remove_condition(status, condition["type"])
    status["conditions"] = [*(status.get("conditions") or []), condition]


def remove_condition(status: Object, kind: str) -> None:
    left = [condition for condition in status.pop("conditions", None) or [] if condition["type"] != kind]
    if left:
        status["conditions"] = left
