"""Amounts of CPU and memory, written as a cluster writes them back: `0.5` is `500m`, and `1024Mi` is `1Gi`."""

from __future__ import annotations

import re
from decimal import Decimal

QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?")
BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def canonical(text: str) -> str | None:
    """The same amount with the largest suffix that leaves a whole number; None where *text* is no quantity."""
    found = QUANTITY.fullmatch(text)
    if found is None:
        return None
    return _with_binary_suffix(amount_of(text)) if found[2] else _with_decimal_suffix(amount_of(text))


def amount_of(text: str) -> Decimal:
    """The plain number; 0 where *text* is no quantity."""
    found = QUANTITY.fullmatch(text)
    if found is None:
        return Decimal(0)
    number, binary, suffix, exponent = found.groups()
    if binary:
        return Decimal(number) * Decimal(1024 ** (BINARY.index(binary) + 1))
    return Decimal(number).scaleb(int(exponent) if exponent else DECIMAL[suffix or ""])


def _with_binary_suffix(amount: Decimal) -> str:
    suffix = ""
    for larger in BINARY:
        if not amount or amount % 1024:
            break
        amount, suffix = amount / 1024, larger
    return f"{_whole(amount)}{suffix}"


def _with_decimal_suffix(amount: Decimal) -> str:
    """The smallest part that a quantity knows is a nano; what is finer is rounded up."""
    if not amount:
        return "0"
    for suffix, power in reversed(DECIMAL.items()):
        scaled = amount.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return f"{_whole(scaled)}{suffix}"
    return f"{_whole(amount.scaleb(9))}n"


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding="ROUND_CEILING"))
