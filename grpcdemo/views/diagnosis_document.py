"""A diagnosis as a JSON document, which diagnosis.schema.json describes, and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grpcdemo.diagnosis.examination import Diagnosis
from grpcdemo.diagnosis.finding import Finding, Severity
from grpcdemo.resources.references import ObjectReference
from grpcdemo.views.diagnosis import (
    NOT_MEASURED,
    answer,
    counts,
    evidence_text,
    first_cause,
    measured,
    not_measured,
    risk,
    subject,
    worst_first,
)
from grpcdemo.views.markdown import code, escape, markdown_table

Document = dict[str, Any]


def diagnosis_document(diagnosis: Diagnosis, flags: Sequence[str] = ()) -> Document:
    return {
        "service": {
            "namespace": diagnosis.service.namespace,
            "name": diagnosis.service.name,
            "port": diagnosis.port,
            "portName": diagnosis.port_name or None,
        },
        "clients": [_reference(client) for client in diagnosis.clients],
        "clientsFrom": ("option" if diagnosis.named else "podSpecs") if diagnosis.clients else None,
        **_traffic(diagnosis),
        "conclusion": diagnosis.conclusion.value,
        "lookedFor": diagnosis.looked_at,
        "findings": [_finding(finding, flags) for finding in diagnosis.findings],
    }


def _traffic(diagnosis: Diagnosis) -> Document:
    measurement = diagnosis.measured
    verdict = measurement.verdict if measurement else None
    return {
        "verdict": verdict and verdict.outcome.value,
        "reason": verdict.reason if verdict else not_measured(diagnosis),
        "errorRate": verdict and verdict.error_rate,
        "source": measurement and measurement.counted_by.source,
        "sourceReason": (measurement.counted_by.why or None) if measurement else None,
        "approximate": measurement and measurement.counted_by.is_approximate,
        "seconds": measurement and round(measurement.seconds, 3),
        "byClient": measurement and _by_client(measurement.by_client),
        "failed": measurement and {**measurement.failures.by_server},
        "connections": measurement and _by_client(measurement.connections),
    }


def _by_client(numbers: Mapping[str, Mapping[str, int]] | None) -> Document | None:
    return None if numbers is None else {client: {**by_server} for client, by_server in numbers.items()}


def diagnoses_document(diagnoses: Sequence[Diagnosis], flags: Sequence[str] = ()) -> list[Document]:
    return [diagnosis_document(diagnosis, flags) for diagnosis in worst_first(diagnoses)]


def _finding(finding: Finding, flags: Sequence[str]) -> Document:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "summary": finding.summary,
        "evidence": [
            {"object": _reference(one.reference), "field": one.path, "value": one.value} for one in finding.evidence
        ],
        "command": " && ".join(finding.remedy.lines(flags)) or None,
        "note": finding.remedy.note or None,
        "link": f"README.md#{finding.id}",
    }


def _reference(reference: ObjectReference) -> Document:
    return {"kind": reference.resource.kind, "name": reference.name, "namespace": reference.namespace}


def diagnosis_markdown(diagnosis: Diagnosis, flags: Sequence[str] = ()) -> str:
    parts = [f"**{escape(subject(diagnosis))}**: {escape(answer(diagnosis))}"]
    parts += [escape(measured(diagnosis.measured))] if diagnosis.measured else []
    parts += [_item(finding, flags) for finding in diagnosis.findings]
    parts += [escape("; ".join(filter(None, (counts(diagnosis), not_measured(diagnosis)))))]
    return "\n\n".join(parts) + "\n"


def _item(finding: Finding, flags: Sequence[str]) -> str:
    lines = [f"- **{finding.severity.value}** {code(finding.id)}: {escape(finding.summary)}"]
    if finding.severity is not Severity.UNKNOWN:
        lines += [f"  - {code(evidence_text(one))}" for one in finding.evidence]
    lines += [f"  - run {code(line)}" for line in finding.remedy.lines(flags)]
    lines += [f"  - {escape(finding.remedy.note)}"] if finding.remedy.note else []
    return "\n".join(lines)


def diagnoses_markdown(diagnoses: Sequence[Diagnosis]) -> str:
    rows = [
        (
            escape(str(one.service.namespace)),
            escape(one.service.name),
            escape(one.port_name or str(one.port)),
            risk(one),
            code(cause) if (cause := first_cause(one)) else "-",
        )
        for one in worst_first(diagnoses)
    ]
    return f"{markdown_table(('Namespace', 'Service', 'Port', 'At risk', 'Why'), rows)}\n\n{escape(NOT_MEASURED)}\n"
