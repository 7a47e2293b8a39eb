"""Quantities as a cluster writes them back."""

from __future__ import annotations

from grpcdemo.resources.quantities import canonical

QUANTITIES = {
    "0.5": "500m",
    "1000m": "1",
    "1.5Gi": "1536Mi",
    "1024Mi": "1Gi",
    "1500Mi": "1500Mi",
    "1000": "1k",
    "1e3": "1k",
    "0.0000000001": "1n",
    "0": "0",
    "abc": None,
    "1 Gi": None,
}


def test_quantities() -> None:
    assert {text: canonical(text) for text in QUANTITIES} == QUANTITIES
