"""What each container requests of a node's CPU and memory, and its limits.

A quota may want both of every container. A LimitRange may bound both, and the ratio between them: 10 for CPU and 2
for memory are what the defaults keep to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from grpcdemo.errors import UsageError

Resources = Mapping[str, str]
"""Quantities by name, as a ResourceQuota has them: `requests.cpu`, `limits.memory`."""

DEFAULTS: Resources = {
    "requests.cpu": "20m",
    "requests.memory": "64Mi",
    "limits.cpu": "200m",
    "limits.memory": "128Mi",
}
KEY = re.compile(r"(requests|limits)\.[A-Za-z0-9][A-Za-z0-9./_-]*")
QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?")


def parse_resources(text: str) -> dict[str, str]:
    """The quantities of *text*, such as `requests.cpu=50m,limits.cpu=1`. Raises UsageError if it is anything else."""
    parsed = {}
    for part in text.split(","):
        key, _, quantity = part.strip().partition("=")
        if not KEY.fullmatch(key) or not QUANTITY.fullmatch(quantity):
            raise UsageError(
                f"{part!r} is not a resource with its quantity",
                hint="write them like requests.cpu=50m,limits.cpu=500m,limits.memory=256Mi",
            )
        parsed[key] = quantity
    return parsed


def quantities(field: str, resources: Resources | None) -> dict[str, str]:
    """The container's *field* `requests` or `limits`: the defaults, except where *resources* has others."""
    pairs = [(key.split(".", 1), quantity) for key, quantity in {**DEFAULTS, **(resources or {})}.items()]
    return {name: quantity for (prefix, name), quantity in pairs if prefix == field}
