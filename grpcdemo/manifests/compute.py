"""What each container requests of a node's CPU and memory, and its limits.

A quota may want both of every container. A LimitRange may bound both, and the ratio between them: 10 for CPU and 2
for memory are what the defaults keep to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from grpcdemo.errors import UsageError

Resources = Mapping[str, str]
"""Quantities by name, as a ResourceQuota has them: `requests.cpu`, `limits.memory`."""

DEFAULTS: Resources = {
    "requests.cpu": "20m",
    "requests.memory": "64Mi",
    "limits.cpu": "200m",
    "limits.memory": "128Mi",
}
FINEST = {"cpu": Decimal("0.001"), "memory": Decimal(1), "ephemeral-storage": Decimal(1)}
"""What a container may ask for, and what it must be a multiple of: a CPU has thousandths, a byte has no parts."""
EXPONENTS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
KEY = re.compile(r"(requests|limits)\.[A-Za-z0-9][A-Za-z0-9./_-]*")
QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?")


def parse_resources(text: str) -> dict[str, str]:
    """The quantities of *text*, such as `requests.cpu=50m,limits.cpu=1`. Raises UsageError if it is anything else."""
    parsed = {}
    for part in text.split(","):
        key, _, quantity = part.strip().partition("=")
        if not KEY.fullmatch(key) or not QUANTITY.fullmatch(quantity):
            raise UsageError(
                f"{part!r} is not a resource and its quantity",
                hint="write them like requests.cpu=50m,limits.cpu=500m,limits.memory=256Mi",
            )
        parsed[key] = quantity
    return parsed


def check_resources(resources: Resources) -> None:
    """Raise UsageError if no API server would take them together with the defaults."""
    for key, quantity in resources.items():
        _check_resource(key, quantity)
    requests, limits = (quantities(field, resources) for field in ("requests", "limits"))
    for name in requests.keys() & limits.keys():
        if amount(requests[name]) > amount(limits[name]):
            raise UsageError(
                f"requests.{name}={requests[name]} is more than limits.{name}={limits[name]}",
                hint=f"set both, such as --resources requests.{name}={requests[name]},limits.{name}={requests[name]}",
            )


def _check_resource(key: str, quantity: str) -> None:
    name = key.partition(".")[2]
    if not (name in FINEST or name.startswith("hugepages-") or "/" in name):
        known = ", ".join(FINEST)
        raise UsageError(f"containers have no resource {name}", hint=f"they have {known}, and such as example.com/gpu")
    if amount(quantity) % FINEST.get(name, Decimal(1)):
        raise UsageError(
            f"{key}={quantity} is not a multiple of {FINEST.get(name, 1)}",
            hint="`m` is a thousandth, `Mi` is a megabyte: cpu=100m, memory=64Mi",
        )


def amount(quantity: str) -> Decimal:
    """The number that a quantity means: 0.05 for `50m`."""
    match = QUANTITY.fullmatch(quantity)
    number, suffix = (match[1], match[2] or "") if match else ("0", "")
    if suffix[:1] in ("e", "E") and suffix[1:]:
        return Decimal(f"{number}{suffix}")
    if suffix.endswith("i"):
        return Decimal(number) * Decimal(1024) ** ("KMGTPE".index(suffix[0]) + 1)
    return Decimal(f"{number}e{EXPONENTS[suffix]}")


def quantities(field: str, resources: Resources | None) -> dict[str, str]:
    """The container's *field* `requests` or `limits`: the defaults, except where *resources* has others."""
    pairs = [(key.split(".", 1), quantity) for key, quantity in {**DEFAULTS, **(resources or {})}.items()]
    return {name: quantity for (prefix, name), quantity in pairs if prefix == field}
