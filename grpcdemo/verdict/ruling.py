"""From counts to a verdict, with a reason that needs no statistics to be understood."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from grpcdemo.verdict.evidence import ALTERNATIVES, Counts, Order, fewest_for_alone, fewest_for_even, out_of_tolerance
from grpcdemo.word import Word

MOSTLY = 0.75
"""A client is pinned once it can hardly be one that sends up to this share of its calls to one pod.
A client stays on pods if at least this share of its responses comes from the same pod as the one before.

The nearer to 1, the longer it takes to be sure: 34 responses at 3 of 4, 89 at 9 of 10.
"""

SLOW = 10
"""A client that sends this many times less than the busiest one does not delay the verdict."""

TOGETHER = 2
"""Evidence from all responses together must be this many times stronger: it gets a half of the error rate."""
ONE_BY_ONE = 4
"""The product of the evidence of each client: a quarter."""
STAYING = 8
"""The order of the responses: an eighth. For the last eighth, see `_factor`."""


class Outcome(Word):
    """The four verdicts."""

    PINNED = "pinned"
    BALANCED = "balanced"
    SKEWED = "skewed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """An outcome and its reason."""

    outcome: Outcome
    reason: str
    error_rate: float | None = None
    """At most this share of such verdicts is wrong; None if inconclusive, or if it needs no statistics."""

    @property
    def certainty(self) -> str | None:
        """The error rate in words; None if there is none."""
        return None if self.error_rate is None else f"at most one such verdict in {1 / self.error_rate:,.0f} is wrong"


@dataclass(frozen=True)
class Criteria:
    """How certain a verdict must be, and how uneven balanced traffic may be. Raises ValueError if out of range."""

    error_rate: float = 1e-4
    """At most this share of verdicts may be wrong, between 0 and 1."""
    tolerance: float = 0.5
    """How much less weight one pod may have than the others, or they than it, between 0 and 1: 0.5 is half."""
    min_responses: int = 0
    """No verdict before this many responses."""

    def __post_init__(self) -> None:
        if not 0 < self.error_rate < 1 or not 0 < self.tolerance < 1 or self.min_responses < 0:
            raise ValueError(
                f"error_rate and tolerance must lie between 0 and 1, min_responses must not be negative: {self}"
            )


DEFAULT = Criteria()
NOBODY: Mapping[str, str] = {}


def judge(
    by_client: Mapping[str, Mapping[str, int]],
    servers: Collection[str],
    criteria: Criteria = DEFAULT,
    order: Order | None = None,
    unheard: Mapping[str, str] = NOBODY,
    standing: Verdict | None = None,
) -> Verdict:
    """Judge *by_client*: the number of responses by client and server. *servers* are all that can answer.

    Without the *order* of the responses, a client that moves from pod to pod may pass for a balanced one. There is no
    verdict while somebody is *unheard*: clients whose calls cannot be read now, with the reason.

    A *standing* verdict on fewer of the same responses holds until another one is certain, or until a response
    contradicts it: doubt alone does not take it back.
    """
    if unheard:
        who, why = next(iter(unheard.items()))
        more = f" and {len(unheard) - 1} more" if len(unheard) > 1 else ""
        return _inconclusive(f"blind to {who}{more}: {why}")
    case = _Case(by_client, servers, criteria, order)
    verdict = case.verdict()
    if standing is None or verdict.outcome is not Outcome.INCONCLUSIVE:
        return verdict
    return case.uphold(standing) or verdict


class _Case:
    """The counts of each client with a response, and of all clients together."""

    def __init__(
        self,
        by_client: Mapping[str, Mapping[str, int]],
        servers: Collection[str],
        criteria: Criteria,
        order: Order | None,
    ) -> None:
        self.criteria = criteria
        self.order = order
        self.answered = dict.fromkeys(servers, 0)
        for answers in by_client.values():
            for server, count in answers.items():
                self.answered[server] = self.answered.get(server, 0) + count
        self.pods = len(self.answered)
        self.by_client = {client: answers for client, answers in by_client.items() if any(answers.values())}
        self.counts = {client: self._counts(answers) for client, answers in self.by_client.items()}
        self.together = self._counts(self.answered)
        self.total = self.together.total

    def _counts(self, answers: Mapping[str, int]) -> Counts:
        return Counts([count for count in answers.values() if count], self.pods)

    def verdict(self) -> Verdict:
        if self.pods < 2:
            return _inconclusive(f"nothing to balance over: {self.pods or 'no'} ready server")
        if not self.total:
            return _inconclusive(f"none of the {self.pods} ready servers has answered yet")
        if self.total < self.criteria.min_responses:
            return _inconclusive(f"{self.total} of at least {self.criteria.min_responses} responses")
        if self._is_all_on_one_pod:
            return self._all_on_one_pod()
        if reason := self._why_skewed():
            return Verdict(Outcome.SKEWED, reason, self.criteria.error_rate)
        return self._spread()

    def uphold(self, standing: Verdict) -> Verdict | None:
        """The *standing* verdict, with a reason of now; None if the responses since contradict it."""
        match standing.outcome:
            case Outcome.BALANCED if self.pods > 1 and self.total:
                return Verdict(standing.outcome, self._shares(), standing.error_rate)
            case Outcome.PINNED if self._is_all_on_one_pod:
                return Verdict(standing.outcome, self._on_one_pod(slow=0), standing.error_rate)
            case Outcome.SKEWED if self.pods > 1 and not self._is_all_on_one_pod:
                return standing
            case _:
                return None

    @property
    def _is_all_on_one_pod(self) -> bool:
        return self.total > 0 and all(len(counts.answers) == 1 for counts in self.counts.values())

    def _all_on_one_pod(self) -> Verdict:
        """Pinned, once that is certain of each client that is not slow."""
        needed = self._fewest_for_pinned()
        busiest = max(counts.total for counts in self.counts.values())
        waited_for = [client for client, counts in self.counts.items() if counts.total * SLOW >= busiest]
        fewest = min(self.counts[client].total for client in waited_for)
        if fewest < needed:
            each = "" if len(self.counts) == 1 else " for each client"
            return _inconclusive(f"{fewest} of at least {needed} responses{each}, all from one pod so far")
        reason = self._on_one_pod(slow=len(self.counts) - len(waited_for))
        return Verdict(Outcome.PINNED, reason, self.criteria.error_rate)

    def _on_one_pod(self, slow: int) -> str:
        if len(self.counts) == 1:
            return f"all {self.total} responses came from one pod"
        but = f", {slow} of them too few to be certain" if slow else ""
        return f"each of {len(self.counts)} clients got all its responses from one pod{but}"

    def _fewest_for_pinned(self) -> int:
        """Enough to rule out a client that prefers one pod, and one that is even, as in `_uneven_clients`."""
        rate = self.criteria.error_rate
        evenly = fewest_for_alone(1 / self.pods, rate / self._factor() / ALTERNATIVES)
        return max(evenly, fewest_for_alone(MOSTLY, rate))

    def _why_skewed(self) -> str | None:
        """The reason, if chance cannot explain how uneven all responses or those of one client are."""
        uneven = self._uneven_clients()
        if stuck := [client for client in uneven if len(self.counts[client].answers) == 1]:
            return self._some_stuck(len(stuck))
        if len(self.counts) > 1 and self.together.log_uneven(self.criteria.tolerance) >= self._needed(TOGETHER):
            return self._uneven_pods()
        if not uneven and not self._uneven_one_by_one():
            return self._why_staying()
        client = max(
            uneven or self.counts, key=lambda client: max(self.counts[client].answers) / self.counts[client].total
        )
        answers = self.by_client[client]
        pod, total = max(answers, key=lambda pod: answers[pod]), self.counts[client].total
        mostly = f"{client} got {answers[pod]} of its {total} responses from {pod}"
        if answers[pod] >= MOSTLY * total:
            return f"{mostly}: neither all from one pod nor spread, as after a move from pod to pod"
        if len(self.counts) == 1:
            return self._uneven_pods()
        return f"{mostly}, even share {total / self.pods:.0f}"

    def _some_stuck(self, stuck: int) -> str:
        widest = max(self.counts, key=lambda client: len(self.counts[client].answers))
        pods = len(self.counts[widest].answers)
        their = "its" if stuck == 1 else "their"
        return f"{stuck} of {len(self.counts)} clients got all {their} responses from one pod, but {widest} from {pods}"

    def _uneven_pods(self) -> str:
        """Which pod stands out, in counts: rounded, nearly all would be 100%."""
        even = f"even share {self._percent(1 / self.pods)}"
        silent = [pod for pod, count in self.answered.items() if not count]
        if len(silent) == 1:
            return f"{silent[0]} gave none of {self.total} responses, {even}"
        if silent:
            return f"{len(silent)} of {self.pods} pods gave none of {self.total} responses, {even}"
        light, heavy = out_of_tolerance(self.criteria.tolerance)
        pick = min if self.together.log_ratio(light) > self.together.log_ratio(heavy) else max
        pod = pick(self.answered, key=lambda pod: self.answered[pod])
        return f"{pod} gave {self.answered[pod]} of {self.total} responses, even share {self.total / self.pods:.0f}"

    def _why_staying(self) -> str | None:
        """The reason, if shares are even only because clients stayed on each pod for as long as on the others."""
        if self.order is None or self._log_staying < self._needed(STAYING):
            return None
        again = f"{self.order.repeated} of {self.order.followed} responses came from the same pod as the one before"
        return f"{again}, even share {self._percent(1 / self.pods)}: pinned for a while, then moved to another pod"

    def _spread(self) -> Verdict:
        """Balanced, once it is certain that all pods are within tolerance and that clients do not stay on pods."""
        criteria = self.criteria
        enough = math.log(1 / criteria.error_rate)
        if self.together.log_even(criteria.tolerance) >= enough:
            if self.order is not None and -self._log_staying < enough:
                return _inconclusive(f"{self.total} responses are not yet enough to tell whether clients stay on a pod")
            return Verdict(Outcome.BALANCED, self._shares(), criteria.error_rate)
        needed = fewest_for_even(self.pods, criteria.tolerance, criteria.error_rate)
        if self.total < needed:
            return _inconclusive(f"{self.total} of at least {needed} responses to be certain that they are spread")
        return _inconclusive(f"{self.total} responses are not yet enough to tell uneven shares from chance")

    def _shares(self) -> str:
        fewest, most = min(self.answered.values()) / self.total, max(self.answered.values()) / self.total
        shares = f"{self._percent(fewest)} to {self._percent(most)}"
        return f"{self.pods} pods answered {shares} each, even share {self._percent(1 / self.pods)}"

    def _uneven_clients(self) -> list[str]:
        """The clients whose responses alone are uneven beyond chance. A cheap bound spares most of the work."""
        needed = self._needed(self._factor())
        possible = [client for client, at_most in self._at_most.items() if at_most >= needed]
        return [client for client in possible if self.counts[client].log_uneven(self.criteria.tolerance) >= needed]

    def _uneven_one_by_one(self) -> bool:
        """Whether the product of the evidence of all clients is beyond chance."""
        needed = self._needed(ONE_BY_ONE)
        if sum(self._at_most.values()) < needed:
            return False
        return sum(counts.log_uneven(self.criteria.tolerance) for counts in self.counts.values()) >= needed

    @cached_property
    def _log_staying(self) -> float:
        return 0.0 if self.order is None else self.order.log_staying(self.pods, MOSTLY)

    @cached_property
    def _at_most(self) -> dict[str, float]:
        tolerance = self.criteria.tolerance
        return {client: counts.log_uneven_at_most(tolerance) for client, counts in self.counts.items()}

    def _needed(self, factor: int) -> float:
        """The evidence that even traffic reaches in at most a *factor*-th of the error rate."""
        return math.log(factor / self.criteria.error_rate)

    def _factor(self) -> int:
        """How many times stronger the evidence of one client must be, as any of many may be uneven by chance.

        The j-th client that appears gets 1 / (j(j + 1)) of an eighth of the error rate, which adds up to that eighth
        over any number of clients. The number of clients, which is j or more, serves for j.
        """
        clients = len(self.counts)
        return TOGETHER if clients == 1 else 8 * clients * (clients + 1)

    def _percent(self, share: float) -> str:
        return f"{share:.0%}" if self.pods <= 10 else f"{share:.1%}"


def _inconclusive(reason: str) -> Verdict:
    return Verdict(Outcome.INCONCLUSIVE, reason)
