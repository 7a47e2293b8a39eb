"""Quantities of compute resources, such as 500m or 64Mi."""

from __future__ import annotations

import re
from decimal import Decimal

EXPONENTS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?")


def is_quantity(text: str) -> bool:
    return QUANTITY.fullmatch(text) is not None


def read_quantity(text: str) -> Decimal:
    """Its amount; 0 if it is none."""
    match = QUANTITY.fullmatch(text)
    number, suffix = (match[1], match[2] or "") if match else ("0", "")
    if suffix[:1] in ("e", "E") and suffix[1:]:
        return Decimal(f"{number}{suffix}")
    if suffix.endswith("i"):
        return Decimal(number) * Decimal(1024) ** ("KMGTPE".index(suffix[0]) + 1)
    return Decimal(f"{number}e{EXPONENTS[suffix]}")
