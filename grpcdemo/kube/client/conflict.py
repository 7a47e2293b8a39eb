"""What a conflict (409) means for a change, judged by the object as it is now.

A change may have happened although its answer was lost; then its repetition meets its own result. And a 409 alone does
not tell whether the object was replaced, changed meanwhile, or only busy.
"""

from __future__ import annotations

from enum import Enum, auto

from grpcdemo.kube.client.request import Request
from grpcdemo.resources.objects import Object, is_terminating


class Meaning(Enum):
    """What to do about a conflict."""

    DONE = auto()
    """The change has happened."""
    REPEAT = auto()
    """Nothing stands in its way now."""
    REPLACED = auto()
    """Another object has the name: the change is not for it."""
    STANDS = auto()
    """The object exists already, or has changed: the caller must decide anew."""


def judge_conflict(request: Request, obj: Object | None) -> Meaning:
    """*obj* is the object that *request* names, as it is after the conflict; None if there is none."""
    if obj is None:
        return Meaning.DONE if request.verb == "delete" else Meaning.REPEAT
    metadata, expected = obj["metadata"], request.preconditions
    if expected.get("uid", metadata.get("uid")) != metadata.get("uid"):
        return Meaning.REPLACED
    if request.verb == "delete" and is_terminating(obj):
        return Meaning.DONE
    if request.verb == "create":
        return Meaning.STANDS
    version = expected.get("resourceVersion", metadata.get("resourceVersion"))
    return Meaning.REPEAT if version == metadata.get("resourceVersion") else Meaning.STANDS
