"""Checks an object against the fields of its kind, as the API server does when it decodes one.

`fields.json` has the fields of each kind and their types. tests/sandbox/api/field_table.py reads them from the models
of Kubernetes' Python client, whose import would take longer than the rest of the sandbox's start. A field that is
missing is for validation to report, or for defaults to fill in.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import parse_time

Place = tuple[str | int, ...]
"""The names and numbers that lead to a value."""
T = TypeVar("T")

TABLE = Path(__file__).with_name("fields.json")
LIST, MAP = "list ", "map "
"""How the types of lists and maps begin; the type of their items follows."""

QUANTITIES = {"limits", "requests", "capacity", "allocatable", "overhead", "sizeLimit", "divisor"}
"""The fields that are quantities, or map names to them: a number is one, too, and is kept as a string."""
MAPS = {"annotations", "labels", "matchLabels", "nodeSelector"}
"""The fields that the API server leaves out if they are empty."""


class WrongType(Exception):
    """A value is of another type than its field."""


def check_fields(obj: Object, kind: str) -> tuple[Object, list[str]]:
    """*obj* without nulls, empty maps and unknown fields, and a complaint about each unknown one. Raises WrongType."""
    check = _Check()
    known = check.read(obj, _type_of(kind), ())
    if check.wrong:
        raise WrongType(", ".join(check.wrong))
    return known, check.unknown


class _Check:
    """Copies an object, and collects complaints about it."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.wrong: list[str] = []

    def read(self, value: Any, of: str, path: Place) -> Any:
        """A copy of *value*, which is to be of type *of*."""
        if of in SCALARS:
            return self._read_scalar(value, of, path)
        if of.startswith(LIST):
            items = self._expect(list, value, path)
            return [self.read(item, of.removeprefix(LIST), (*path, number)) for number, item in enumerate(items)]
        fields = _set_fields(self._expect(dict, value, path))
        if of.startswith(MAP):
            return {name: self.read(item, of.removeprefix(MAP), (*path, name)) for name, item in fields.items()}
        types = _table()[of]
        known = {name: self.read(item, types[name], (*path, name)) for name, item in fields.items() if name in types}
        self.unknown += [f'unknown field "{_write_path((*path, name))}"' for name in fields if name not in types]
        return known

    def _read_scalar(self, value: Any, of: str, path: Place) -> Any:
        if of == "string" and type(value) in (int, float) and QUANTITIES.intersection(path[-2:]):
            return str(value)
        noun, accepts = SCALARS[of]
        if not accepts(value):
            self._complain(path, noun)
        return value

    def _expect(self, kind: type[T], value: Any, path: Place) -> T:
        """*value*; an empty one if it is of another kind."""
        if isinstance(value, kind):
            return value
        self._complain(path, NOUNS[kind])
        return kind()

    def _complain(self, path: Place, noun: str) -> None:
        self.wrong.append(f"{_write_path(path)}: Input should be a valid {noun}")


@cache
def _table() -> dict[str, dict[str, str]]:
    """By the name of a type: the type of each field."""
    table: dict[str, dict[str, str]] = json.loads(TABLE.read_text(encoding="ascii"))
    return table


def _type_of(kind: str) -> str:
    return f"V1{kind}" if f"V1{kind}" in _table() else f"CoreV1{kind}"


def _set_fields(value: Object) -> Object:
    """Those with a value: null is none, and neither is an empty map of labels."""
    return {str(key): item for key, item in value.items() if item is not None and not (key in MAPS and item == {})}


def _write_path(path: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _is_integer(value: Any) -> bool:
    return type(value) is int


def _is_time(value: Any) -> bool:
    try:
        return bool(parse_time(value))
    except (TypeError, ValueError):
        return False


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True


NOUNS: dict[type[Any], str] = {list: "list", dict: "dictionary"}
SCALARS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("string", lambda value: isinstance(value, str)),
    "boolean": ("boolean", lambda value: isinstance(value, bool)),
    "integer": ("integer", _is_integer),
    "integer or string": ("integer or string", lambda value: isinstance(value, str) or _is_integer(value)),
    "bytes": ("base64 string", _is_base64),
    "time": ("datetime", _is_time),
    "any": ("value", lambda _: True),
}
"""The types without parts: their nouns, and whether a value is one."""
