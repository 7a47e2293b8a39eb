"""How long to wait for an API server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long to wait for an API server."""

    answer_s: float = 30.0
    """For the whole answer to a request."""
    back_off_s: float = 0.2
    """Before the second attempt; doubles with each further one."""
    lost_s: float = 60.0
    """How long to try to reach a server that answered before."""
    lost_retry_s: float = 1.0
    starting_s: float = 15.0
    """How long a server that has just started may refuse what it will allow."""
    notice_s: float = 2.0
    """A restart that takes longer is told."""
    watch_s: int = 10
    """How long the API server is asked to keep one watch open: what ends in time is not dead."""
    silence_s: float = 13.0
    """A watch that says nothing for longer is: its connection, or a load balancer in between, has forgotten it."""


PATIENCE = Patience()
