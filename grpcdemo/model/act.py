"""The acts of `demo`: what each is about, and what is known when it begins and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from grpcdemo.model.observation import Observation
from grpcdemo.model.pods import Pod


class Act(Enum):
    """The parts of the demo, in their order."""

    DEPLOY = auto()
    OFF = auto()
    SWITCH = auto()
    ON = auto()


@dataclass(frozen=True)
class Scene:
    """The demo at the beginning, or at the end, of an act."""

    act: Act
    servers: int
    clients: int
    pods: tuple[Pod, ...] = ()
    """None before they are deployed."""
    observation: Observation | None = None
    """What was measured in this act, at its end."""

    def named(self, app: str) -> list[Pod]:
        """The pods of the *app*, by name."""
        return sorted((pod for pod in self.pods if pod.app == app), key=lambda pod: pod.name)
