"""Requests that fail: how many, at which pods, and what that does to a verdict. Only what was answered is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, run
from grpcdemo.errors import Kubectl
from grpcdemo.verdict import Outcome, Verdict

ID = "requests-fail"
SEVERAL = 5
"""So many failures at one pod are no pod that just came or went."""
NAMED = 3
"""How many pods are named."""


@dataclass(frozen=True)
class Failures:
    """What failed, beside what was answered."""

    by_server: Mapping[str, int] = field(default_factory=dict)
    """By server pod that any request failed at."""
    answered_by_server: Mapping[str, int] = field(default_factory=dict)
    begun: int = 0

    @property
    def failed(self) -> int:
        return sum(self.by_server.values())

    @property
    def answered(self) -> int:
        return sum(self.answered_by_server.values())

    @property
    def requests(self) -> int:
        """All of them. One whose connection failed has not begun."""
        return max(self.begun, self.answered + self.failed)

    @property
    def are_most(self) -> bool:
        return self.failed > self.answered

    @property
    def are_most_of_a_pod(self) -> bool:
        """Several requests fail at a pod, and fewer are answered."""
        return any(
            failed >= SEVERAL and failed > self.answered_by_server.get(name, 0)
            for name, failed in self.by_server.items()
        )

    @property
    def is_without_answer(self) -> bool:
        """Requests began, and neither an answer nor a failure is known of any."""
        return bool(self.begun) and not self.answered and not self.failed

    @property
    def servers(self) -> list[str]:
        """Those with most failures first."""
        return sorted(self.by_server, key=lambda name: (-self.by_server[name], name))

    @property
    def text(self) -> str:
        """How many, and at whom."""
        places = [f"{self.by_server[name]} at {name}" for name in self.servers[:NAMED]]
        more = len(self.by_server) - NAMED
        return f"{self.failed} of {self.requests} requests failed: {', '.join(places)}" + (
            f" and others at {more} more pods" if more > 0 else ""
        )

    def tell(self, verdict: Verdict) -> Verdict:
        """The *verdict* with what failed. If most did, nothing is called balanced."""
        if not self.failed:
            return verdict
        if self.are_most and verdict.outcome is Outcome.BALANCED:
            return Verdict(Outcome.INCONCLUSIVE, self.text)
        reasons = [verdict.reason, self.text]
        return replace(verdict, reason="; ".join(reversed(reasons) if self.are_most else reasons))


def failing_requests(failures: Failures, namespace: str | None) -> Findings:
    """The command shows why, at the pod where most of them fail."""
    if failures.failed:
        grave = failures.are_most or failures.are_most_of_a_pod
        severity = Severity.ERRORS if grave else Severity.OBSCURES
        logs = Kubectl("logs", failures.servers[0], "--all-containers", "--tail=20", namespace=namespace)
        yield Finding(ID, severity, failures.text, remedy=run(logs))
