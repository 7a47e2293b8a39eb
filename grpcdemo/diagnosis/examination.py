"""Apply every rule to a scene, and put first what explains pinning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from grpcdemo.diagnosis.failures import failing_requests
from grpcdemo.diagnosis.finding import Finding, Remedy, Severity, run
from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.diagnosis.rules import RULES, Rule
from grpcdemo.diagnosis.rules.endpoints import SINGLE
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.streams import long_streams
from grpcdemo.diagnosis.traffic import Measurement, NotMeasured
from grpcdemo.resources.references import ObjectReference
from grpcdemo.verdict import Outcome

ORDER = (Severity.PINS, Severity.ERRORS, Severity.MAY_PIN, Severity.UNKNOWN, Severity.OBSCURES)
RANK = {severity: max(ORDER.index(severity), 1) for severity in ORDER}
"""What pins and what fails come first, both in the order of the rules."""


class Conclusion(Enum):
    """What the configuration says about a client that keeps one connection."""

    CAUSED = "caused"
    """Something pins it, or makes its calls fail."""
    OPEN = "open"
    """It depends on what was not looked at, or what no object shows."""
    CLEAR = "clear"


@dataclass(frozen=True)
class Diagnosis:
    """What the rules say about one port of a Service."""

    service: ObjectReference
    port: int
    port_name: str
    clients: tuple[ObjectReference, ...]
    """Who calls, as far as it is known."""
    named: bool
    """The user said who; otherwise their pods name the Service."""
    findings: tuple[Finding, ...]
    looked_at: int
    """How many causes were looked for."""
    traffic: Measurement | NotMeasured | None = None
    """None if nobody asked for it."""

    @property
    def measured(self) -> Measurement | None:
        return self.traffic if isinstance(self.traffic, Measurement) else None

    @property
    def overall(self) -> Conclusion:
        """What the configuration and the traffic say together."""
        outcome = self.measured.verdict.outcome if self.measured else None
        if outcome in (Outcome.PINNED, Outcome.SKEWED):
            return Conclusion.CAUSED
        if self.traffic and self.traffic.is_missed and self.conclusion is Conclusion.CLEAR:
            return Conclusion.OPEN
        return Conclusion.CLEAR if self.is_settled else self.conclusion

    @property
    def is_settled(self) -> bool:
        """What may pin does not: the traffic of all clients is balanced."""
        balanced = self.measured and self.measured.verdict.outcome is Outcome.BALANCED and self.measured.is_whole
        return bool(balanced) and not self.of(Severity.PINS, Severity.ERRORS, Severity.UNKNOWN)

    @property
    def conclusion(self) -> Conclusion:
        if self.of(Severity.PINS, Severity.ERRORS):
            return Conclusion.CAUSED
        return Conclusion.OPEN if self.of(Severity.MAY_PIN, Severity.UNKNOWN) else Conclusion.CLEAR

    def of(self, *severities: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity in severities]


def examine_clients(scene: Scene, clients: Sequence[Client], *, named: bool) -> Diagnosis:
    """Everything that applies to any of the *clients*; without any, to the scene as it is."""
    scenes = [replace(scene, client=client) for client in clients] or [scene]
    findings = [finding for name, rule in RULES.items() for one in scenes for finding in _apply(name, rule, one)]
    return Diagnosis(
        service=scene.reference,
        port=scene.port_number,
        port_name=scene.port.get("name", ""),
        clients=tuple(client.reference for client in clients),
        named=named,
        findings=_ordered(_distinct(findings)),
        looked_at=len(RULES),
    )


def add_traffic(diagnosis: Diagnosis, traffic: Measurement | NotMeasured) -> Diagnosis:
    """And what shows in it alone."""
    if isinstance(traffic, NotMeasured):
        return replace(diagnosis, traffic=traffic)
    failing = failing_requests(traffic.failures, diagnosis.service.namespace)
    return replace(
        diagnosis, traffic=traffic, findings=_ordered([*diagnosis.findings, *failing, *long_streams(traffic)])
    )


def among_others(diagnosis: Diagnosis) -> Diagnosis:
    """As one of several Services. Many are meant to have a single pod, and nothing is uneven there."""
    findings = [
        replace(finding, severity=Severity.OBSCURES) if finding.id == SINGLE else finding
        for finding in diagnosis.findings
    ]
    return replace(diagnosis, findings=_ordered(findings))


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: RANK[finding.severity]))


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each once: most of what is said of one client of a Service, is said of the others too. The cure is for all."""
    kept: dict[Finding, Finding] = {}
    for finding in findings:
        same = replace(finding, remedy=Remedy())
        before = kept.get(same, finding).remedy
        steps = dict.fromkeys((*before.steps, *finding.remedy.steps))
        kept[same] = replace(finding, remedy=Remedy(tuple(steps), before.note or finding.remedy.note))
    return [*kept.values()]


def _apply(name: str, rule: Rule, scene: Scene) -> list[Finding]:
    """What the rule finds and, if it could not look everywhere, that."""
    findings: list[Finding] = []
    try:
        for finding in rule(scene):
            findings.append(finding)
    except Unreadable as error:
        summary = f"could not check: this user may not {error.right}"
        findings.append(Finding(name, Severity.UNKNOWN, summary, remedy=run(error.right.can_i)))
    return findings
