"""Checks an object against the fields that its kind has, as a cluster does when it decodes one.

An unknown field is noted, and left out; a value of the wrong type is an error at once. What is null is as if
it were not there.
"""

from __future__ import annotations

import json
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.resources.quantities import canonical
from grpcdemo.resources.times import parse_time

QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

GO_TYPES = {"string": "string", "time": "string", "integer": "int32", "number": "float64", "boolean": "bool"}
ZERO = {"string": "", "integer": 0, "number": 0, "boolean": False}


class WrongType(Exception):
    """A value is of another type than its field; worded as Go's JSON decoder does."""


class Cleaner:
    """Cleans one object. `unknown` then has the paths of the fields that its kind does not have."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def clean(self, obj: Object, schema: Object) -> Object:
        """A copy of *obj* with the fields of *schema* alone."""
        made: Object = self._clean(obj, schema, _Place())
        return made

    def _clean(self, value: Any, schema: Object, place: _Place) -> Any:
        kind = schema["type"]
        if kind == "object":
            return self._struct(place.expect(value, dict, f"v1.{schema['name']}"), schema, place)
        if kind == "array":
            items = place.expect(value, list, "[]" + _go_type(schema["items"]))
            return [self._clean(item, schema["items"], place.item(number)) for number, item in enumerate(items)]
        if kind == "map":
            entries = place.expect(value, dict, "map[string]" + _go_type(schema["values"]))
            return {key: self._entry(item, schema["values"], place.entry(key)) for key, item in entries.items()}
        return _leaf(value, kind, place)

    def _struct(self, value: Object, schema: Object, place: _Place) -> Object:
        made: Object = {}
        for name, item in value.items():
            field = schema["fields"].get(name)
            inner = place.field(schema["name"], name)
            if field is None:
                self.unknown.append(inner.path)
            elif item is not None:
                found = self._clean(item, field, inner)
                if found or field["type"] != "map":
                    made[name] = found
        return made

    def _entry(self, value: Any, schema: Object, place: _Place) -> Any:
        return ZERO.get(schema["type"]) if value is None else self._clean(value, schema, place)


class _Place:
    """Where in an object a value is: as a path, and as Go's decoder names it, without indices."""

    def __init__(self, path: str = "", struct: str = "", go_path: str = "") -> None:
        self.path = path
        self._struct = struct
        self._go_path = go_path

    def field(self, struct: str, name: str) -> _Place:
        return _Place(_joined(self.path, name), struct, _joined(self._go_path, name))

    def item(self, number: int) -> _Place:
        return _Place(f"{self.path}[{number}]", self._struct, self._go_path)

    def entry(self, key: str) -> _Place:
        return _Place(_joined(self.path, key), self._struct, self._go_path)

    def expect(self, value: Any, wanted: type | tuple[type, ...], go_type: str) -> Any:
        if isinstance(value, wanted) and (not isinstance(value, bool) or wanted is bool):
            return value
        where = f"Go struct field {self._struct}.{self._go_path}" if self._struct else "Go value"
        raise WrongType(f"json: cannot unmarshal {json_type(value)} into {where} of type {go_type}")


def _leaf(value: Any, kind: str, place: _Place) -> Any:
    if kind == "any":
        return value
    if kind == "quantity":
        amount = canonical(str(value)) if isinstance(value, (str, int, float)) else None
        if amount is None:
            raise WrongType(QUANTITY_RULE)
        return amount
    if kind == "intOrString":
        return place.expect(value, (int, str), "intstr.IntOrString")
    wanted = {"string": str, "integer": int, "boolean": bool}.get(kind, (int, float))
    if kind == "time":
        return _time(place.expect(value, str, "string"))
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return place.expect(value, wanted, GO_TYPES[kind])


def _time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError as error:
        shown = json.dumps(text)
        raise WrongType(f'parsing time {shown} as "2006-01-02T15:04:05Z07:00": cannot parse {shown}') from error
    return text


def _go_type(schema: Object) -> str:
    kind = schema["type"]
    return f"v1.{schema['name']}" if kind == "object" else GO_TYPES.get(str(kind), str(kind))


def json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return f"number {json.dumps(value)}"
    return {str: "string", int: "number", list: "array", dict: "object"}.get(type(value), "null")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
