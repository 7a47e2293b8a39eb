"""The plan of a comparison, as a value: what is measured, in which order, and how long that takes.

Each round takes the cures in another random order, with the client without a cure before and after each: what else
the machine does meanwhile is then the same for all of them on average, and for each cure and its neighbors at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grpcdemo.cures.cure import Cure
from grpcdemo.model.comparison import BASELINE
from grpcdemo.steps.compare.config import CompareConfig

TOGETHER_RATE = 400.0
"""So many calls a second are made at once at most, by all the cures whose changes are watched at the same time: each
call takes about half a millisecond of a CPU, and clients that wait for one would look slow to react."""


@dataclass(frozen=True)
class Pods:
    """How long pods take, in seconds: for the estimate that is printed at the start."""

    deploy_s: float
    """Until the servers of one cure are ready."""
    start_s: float
    """Until new pods are ready."""
    stop_s: float
    restart_s: float
    """For a rolling restart of the servers, until the old ones are gone."""


IN_SANDBOX = Pods(deploy_s=3.0, start_s=2.5, stop_s=1.5, restart_s=5.0)
ON_CLUSTER = Pods(deploy_s=6.0, start_s=4.5, stop_s=2.5, restart_s=16.0)
CLEANUP_S = 12.0


@dataclass(frozen=True)
class Slot:
    """One window of one cure."""

    number: int
    cure: Cure
    round: int


@dataclass(frozen=True)
class Plan:
    """What is measured, and in which order."""

    cures: tuple[Cure, ...]
    """Those that are measured."""
    slots: tuple[Slot, ...]
    groups: tuple[tuple[Cure, ...], ...]
    """The cures whose changes are watched at the same time."""
    expected_s: float
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why a cure cannot run here, by its name."""


def make_plan(config: CompareConfig, left_out: Mapping[str, str], pods: Pods) -> Plan:
    """*left_out* says why a cure cannot run here."""
    cures = tuple(cure for cure in config.cures if cure.name not in left_out)
    slots = _slots(cures, config.rounds, config.seed)
    groups = _groups(cures, config)
    return Plan(cures, slots, groups, _seconds(slots, groups, config, pods), left_out)


def _slots(cures: Sequence[Cure], rounds: int, seed: int) -> tuple[Slot, ...]:
    baseline = next(cure for cure in cures if cure.name == BASELINE)
    others = [cure for cure in cures if cure is not baseline]
    order = random.Random(seed)
    sequence = [(baseline, 1)]
    for number in range(1, rounds + 1):
        shuffled = order.sample(others, len(others))
        sequence += [(cure, number) for other in shuffled for cure in (other, baseline)]
        if not others and number > 1:
            sequence.append((baseline, number))
    return tuple(Slot(at, cure, number) for at, (cure, number) in enumerate(sequence))


def _groups(cures: Sequence[Cure], config: CompareConfig) -> tuple[tuple[Cure, ...], ...]:
    size = max(1, math.floor(TOGETHER_RATE / (config.rate * config.clients)))
    return tuple(tuple(cures[at : at + size]) for at in range(0, len(cures), size))


def slot_s(config: CompareConfig, pods: Pods) -> float:
    """How long one slot takes."""
    return pods.start_s + config.timing.warm_up_s + config.timing.window_s + pods.stop_s


def group_s(group: Sequence[Cure], config: CompareConfig, pods: Pods) -> float:
    """How long the changes of one group take: restarts one after the other, everything else at once."""
    timing = config.timing
    together = pods.start_s + timing.warm_up_s + pods.start_s + timing.new_pod_s + 2 * timing.settle_s + pods.stop_s
    return together + len(group) * (pods.restart_s + timing.settle_s) + pods.stop_s


def _seconds(slots: Sequence[Slot], groups: Sequence[Sequence[Cure]], config: CompareConfig, pods: Pods) -> float:
    cures = sum(map(len, groups))
    changing = sum(group_s(group, config, pods) for group in groups)
    return cures * pods.deploy_s + len(slots) * slot_s(config, pods) + changing + CLEANUP_S
