"""What a cleanup did in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["deleted", "kept", "terminating", "absent"]
"""Of a namespace: deleted by this cleanup, kept because others use it, being deleted before, or not there."""


@dataclass(frozen=True)
class CleanedNamespace:
    """A namespace, and what was deleted and restored in it."""

    name: str
    fate: Fate
    deleted: tuple[str, ...] = ()
    """What grpcdemo had created and this cleanup deleted, such as `deployments/grpc-server`."""
    restored: Mapping[str, str | None] = field(default_factory=dict)
    """The labels of the namespace that have their values from before again; None for a label that is removed."""
    gone: bool = False
    """Waited for: nothing of what was to go is there any more."""
