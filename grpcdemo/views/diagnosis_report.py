"""The report of a diagnosis: one self-contained HTML file, as the demo's is."""

from __future__ import annotations

from collections.abc import Sequence

from grpcdemo.diagnosis.examination import Conclusion, Diagnosis
from grpcdemo.diagnosis.finding import Finding, Severity
from grpcdemo.diagnosis.traffic import Measurement
from grpcdemo.model.result import Provenance
from grpcdemo.views.diagnosis import (
    CONNECTIONS,
    NONE,
    WORDS,
    answer,
    counts,
    evidence_text,
    first_cause,
    matrices,
    not_measured,
    risk,
    source,
    subject,
    unchecked,
    worst_first,
)
from grpcdemo.views.palette import COLORS
from grpcdemo.views.pods import short_names
from grpcdemo.views.report import load_template
from grpcdemo.views.words import platform_text


def diagnosis_report(diagnoses: Sequence[Diagnosis], provenance: Provenance, flags: Sequence[str] = ()) -> str:
    """Of one Service; of several, a table, and each of which there is more to say. *flags* choose the cluster."""
    ordered = worst_first(diagnoses)
    told = ordered if len(ordered) == 1 else [one for one in ordered if one.findings]
    return load_template("diagnosis.html").render(
        title=_title(ordered),
        provenance=provenance,
        platform=platform_text(provenance),
        rows=[*map(_row, ordered)],
        nothing=NONE,
        diagnoses=[_facts(one, flags) for one in told],
        colors=COLORS,
    )


def _title(diagnoses: Sequence[Diagnosis]) -> str:
    if len(diagnoses) == 1:
        return f"gRPC balancing of {diagnoses[0].service.singular}: {answer(diagnoses[0])}"
    return f"gRPC balancing of {len(diagnoses)} Services"


def _row(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "namespace": diagnosis.service.namespace,
        "service": diagnosis.service.name,
        "port": diagnosis.port_name or diagnosis.port,
        "risk": risk(diagnosis),
        "is_bad": diagnosis.conclusion is Conclusion.CAUSED,
        "why": first_cause(diagnosis) or "-",
    }


def _facts(diagnosis: Diagnosis, flags: Sequence[str]) -> dict[str, object]:
    measured = diagnosis.measured
    return {
        "subject": subject(diagnosis),
        "verdict": measured and measured.verdict,
        "source": measured and source(measured),
        "answer": answer(diagnosis),
        "is_bad": diagnosis.conclusion is Conclusion.CAUSED,
        "matrices": _matrices(measured) if measured else [],
        "findings": [_finding(one, flags) for one in diagnosis.findings if one.severity is not Severity.UNKNOWN],
        "unchecked": [_unchecked(summary, alike, flags) for summary, alike in unchecked(diagnosis)],
        "counts": counts(diagnosis),
        "not_measured": not_measured(diagnosis),
    }


def _finding(finding: Finding, flags: Sequence[str]) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": WORDS[finding.severity],
        "is_bad": finding.severity in (Severity.PINS, Severity.ERRORS),
        "summary": finding.summary,
        "evidence": [*map(evidence_text, finding.evidence)],
        "commands": finding.remedy.lines(flags),
        "note": finding.remedy.note,
    }


def _unchecked(summary: str, findings: Sequence[Finding], flags: Sequence[str]) -> dict[str, object]:
    return {
        "summary": summary,
        "ids": ", ".join(finding.id for finding in findings),
        "commands": [*dict.fromkeys(line for finding in findings for line in finding.remedy.lines(flags))],
        "notes": [*dict.fromkeys(finding.remedy.note for finding in findings if finding.remedy.note)],
    }


def _matrices(measurement: Measurement) -> list[dict[str, object]]:
    """Responses of each server to each client and, if any requests failed, how many at which server; connections."""
    titles = short_names(measurement.servers)
    shown: list[dict[str, object]] = []
    for owner, by_client in matrices(measurement):
        rows = [(client, [numbers.get(name, 0) for name in titles]) for client, numbers in by_client.items()]
        failed = measurement.failures.by_server if by_client is measurement.by_client else {}
        rows += [("failed", [failed.get(name, 0) for name in titles])] if failed else []
        head = "Which client is connected to which pod" if owner == CONNECTIONS else "Which client called which pod"
        shown.append({"head": head, "title": owner, "servers": [*titles.values()], "rows": rows})
    return shown
