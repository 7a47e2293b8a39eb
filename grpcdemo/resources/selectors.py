"""What a label selector selects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grpcdemo.resources.labels import TEMPLATE_HASH

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a `LabelSelector`, as a spec has it, selects *labels*; an empty one selects everything."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return bool((key in labels) == (operator == "Exists"))


def deployed_template(replica_set: Mapping[str, Any]) -> dict[str, Any]:
    """A ReplicaSet's pod template as its Deployment has it: the template is how each knows the other."""
    template = replica_set["spec"]["template"]
    labels = {key: value for key, value in (template["metadata"].get("labels") or {}).items() if key != TEMPLATE_HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}
