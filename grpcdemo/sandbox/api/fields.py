"""Checks an object against the fields of its kind, as the API server does when it decodes one.

The client library's models know every field and its type. Kubernetes is laxer than they are in three ways: null
counts as absent, a quantity may be a number, and a missing field is for validation to report, or for defaults to
fill in. It is stricter in two: a time is RFC 3339, and the name that a field has in Python is no field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kubernetes.aio.client import models
from pydantic import ValidationError

from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import parse_time

QUANTITIES = {"limits", "requests", "capacity", "allocatable", "overhead", "sizeLimit", "divisor"}
"""The fields that are quantities, or map names to them."""
MAPS = {"annotations", "labels", "matchLabels", "nodeSelector"}
"""The fields that the API server leaves out if they are empty."""
MASK = "\0"
"""Stands for `_` while the models check an object: they take `host_network` for `hostNetwork`."""


class WrongType(Exception):
    """A value is of another type than its field."""


def check_fields(obj: Object, kind: str) -> tuple[Object, list[str]]:
    """*obj* without nulls, empty maps and unknown fields, and a complaint about each unknown one. Raises WrongType."""
    known, unknown, wrong = _copy(obj), [], []
    for error in _errors(_copy(obj, lambda key: key.replace("_", MASK)), kind):
        location = [part.replace(MASK, "_") if isinstance(part, str) else part for part in error["loc"]]
        path, value = _path(location), error["input"]
        match error["type"]:
            case "extra_forbidden":
                unknown.append(f'unknown field "{path}"')
                del _at(known, location[:-1])[location[-1]]
            case "string_type" if QUANTITIES.intersection(location[-2:]) and type(value) in (int, float):
                _at(known, location[:-1])[location[-1]] = str(value)
            case "missing":
                pass
            case "datetime_type" if _is_time(value):
                pass
            case _:
                wrong.append(f"{path}: {error['msg']}")
    if wrong:
        raise WrongType(", ".join(wrong))
    return known, unknown


def _errors(obj: Object, kind: str) -> Sequence[Any]:
    model = getattr(models, f"V1{kind}", None) or getattr(models, f"CoreV1{kind}")
    try:
        model.model_validate(obj, strict=True)
    except ValidationError as error:
        return error.errors(include_url=False)
    return ()


def _copy(value: Any, rename: Callable[[str], str] = str) -> Any:
    """Without null fields and empty maps, and with each key renamed."""
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if item is not None and not (key in MAPS and item == {})}
        return {rename(str(key)): _copy(item, rename) for key, item in known.items()}
    return [_copy(item, rename) for item in value] if isinstance(value, list) else value


def _at(obj: Any, location: Sequence[str | int]) -> Any:
    for part in location:
        obj = obj[part]
    return obj


def _path(location: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _is_time(value: Any) -> bool:
    try:
        return bool(parse_time(value))
    except (TypeError, ValueError):
        return False
