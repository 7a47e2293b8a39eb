"""Label selectors: what one selects, and its two notations, a `LabelSelector` and the text of a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]
LabelSelector = Mapping[str, Any]
"""As a spec has it: `matchLabels` and `matchExpressions`. A node selector's operators, Gt and Lt, work as well."""

KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
VALUE = r"[-A-Za-z0-9_.]*"
IN = re.compile(rf"({KEY})\s+(in|notin)\s*\(([^()]*)\)")
COMPARED = re.compile(rf"({KEY})\s*(==|=|!=|>|<)\s*({VALUE})")
PRESENT = re.compile(rf"(!?)\s*({KEY})")
COMMA = re.compile(r",(?![^()]*\))")
OPERATORS = {"in": "In", "notin": "NotIn", "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}


def selects(selector: LabelSelector, labels: Labels) -> bool:
    """An empty selector selects everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator in ("Gt", "Lt"):
        value = labels.get(key, "")
        return value.isdigit() and (int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0]))
    return (key in labels) == bool(operator == "Exists")


def parse_selector(text: str) -> LabelSelector:
    """`app=web,tier in (a,b),!canary` as a LabelSelector. Raises ValueError, worded as a cluster words it."""
    return {
        "matchExpressions": [_parse_requirement(part.strip()) for part in COMMA.split(text)] if text.strip() else []
    }


def _parse_requirement(text: str) -> dict[str, Any]:
    if match := IN.fullmatch(text) or COMPARED.fullmatch(text):
        key, operator, value = match.groups()
        if operator in (">", "<") and not value.isdigit():
            raise ValueError(f"for '{operator}' operator, the value must be an integer: {value}")
        values = [one.strip() for one in value.split(",")]
        return {"key": key, "operator": OPERATORS[operator], "values": values}
    if match := PRESENT.fullmatch(text):
        return {"key": match[2], "operator": "DoesNotExist" if match[1] else "Exists"}
    raise ValueError(f"unable to parse requirement: found '{text}', expected: identifier")


def format_selector(selector: LabelSelector) -> str:
    """A LabelSelector as kubectl's columns show it; empty for one that selects everything."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
        if operator in ("Exists", "DoesNotExist"):
            parts.append(key if operator == "Exists" else f"!{key}")
        else:
            parts.append(f"{key} {operator.lower()} ({','.join(sorted(values))})")
    return ",".join(parts)
