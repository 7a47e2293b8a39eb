"""A diagnosis as text: the answer first, then each cause with its evidence and its cure, on one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grpcdemo.diagnosis.examination import Conclusion, Diagnosis
from grpcdemo.diagnosis.finding import Evidence, Finding, Severity
from grpcdemo.diagnosis.traffic import Measurement, NotMeasured
from grpcdemo.resources.references import ObjectReference
from grpcdemo.verdict import Outcome
from grpcdemo.views.pods import short_names
from grpcdemo.views.styles import BAD, GOOD
from grpcdemo.views.table import fitting_columns, plain_table, table_width
from grpcdemo.views.words import callers_title, counted_by_text, printable

WIDTH = 100
"""Of the sentences where the result has no edge."""
INDENT = "  "
SHOWN = (Severity.PINS, Severity.ERRORS, Severity.MAY_PIN)
WORDS = {
    Severity.PINS: "pins",
    Severity.ERRORS: "fails",
    Severity.MAY_PIN: "may pin",
    Severity.UNKNOWN: "unknown",
    Severity.OBSCURES: "note",
}
STYLES = {Severity.PINS: BAD, Severity.ERRORS: BAD}
NOT_MEASURED = "by configuration only; traffic was not measured"
NONE = (
    "no gRPC Service found (by port names, appProtocol and probes): name one with `grpcdemo diagnose svc/NAME`, "
    "or search all namespaces with `-A`"
)
OUTCOME_STYLES = {Outcome.PINNED: BAD, Outcome.SKEWED: BAD, Outcome.BALANCED: GOOD}
NOT_SET = "not set"
"""In place of a field's value."""
CONNECTIONS = "CONNECTIONS OF"
MOST_ROWS = 10
"""How many clients the matrix shows."""
ALIKE = 3
"""How many findings of one rule are shown."""
CLIENTS = 3
"""How many clients the first line names."""
COLUMNS = ("NAMESPACE", "SERVICE", "PORT", "AT RISK", "WHY")
DISPENSABLE = ("PORT", "NAMESPACE")


def diagnosis_view(diagnosis: Diagnosis, flags: Sequence[str] = (), width: int | None = None) -> RenderableType:
    """*flags* choose the cluster in the commands, which are never wrapped."""
    cells = min(width or WIDTH, WIDTH)
    lines: list[RenderableType] = [
        Text(subject(diagnosis), "bold"),
        *_traffic(diagnosis, cells),
        _answer(diagnosis, cells),
    ]
    for _, alike in groupby(diagnosis.of(*SHOWN), lambda finding: finding.id):
        lines += _alike([*alike], flags, cells)
    for part in (_unknown(diagnosis, cells), _notes(diagnosis, flags, cells)):
        lines += [Text(""), *part] if part else []
    return Group(*lines, Text(""), *_wrapped(counts(diagnosis), cells), *_wrapped(not_measured(diagnosis), cells))


def diagnoses_view(diagnoses: Sequence[Diagnosis], width: int | None = None) -> RenderableType:
    """One line for each; the worst first."""
    if not diagnoses:
        return Text(NONE)
    rows = [_row(diagnosis) for diagnosis in worst_first(diagnoses)]
    columns = fitting_columns(rows, COLUMNS, DISPENSABLE, width)
    table: Table = plain_table(*columns)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    return Group(table, Text(""), Text(NOT_MEASURED), Text("for details: `grpcdemo diagnose svc/NAME`"))


def subject(diagnosis: Diagnosis) -> str:
    """What was looked at."""
    port = f"{diagnosis.port_name} ({diagnosis.port})" if diagnosis.port_name else str(diagnosis.port)
    return f"{diagnosis.service.singular} in {diagnosis.service.namespace}, port {port}{_clients(diagnosis)}"


def _clients(diagnosis: Diagnosis) -> str:
    """Who calls, and how that is known."""
    if not diagnosis.clients:
        return ""
    names = ", ".join(_named(client, diagnosis) for client in diagnosis.clients[:CLIENTS])
    more = f" and {len(diagnosis.clients) - CLIENTS} more" if len(diagnosis.clients) > CLIENTS else ""
    word, owner = ("client", "its") if len(diagnosis.clients) == 1 else ("clients", "their")
    return f", {word} {names}{more}" + ("" if diagnosis.named else f" ({owner} pods name the Service)")


def answer(diagnosis: Diagnosis) -> str:
    """In one sentence."""
    first = next(iter(diagnosis.findings), None)
    if diagnosis.conclusion is Conclusion.CLEAR or first is None:
        if diagnosis.overall is Conclusion.CAUSED:
            return "the configuration shows no cause: check the client's load-balancing policy, connections and streams"
        return "nothing pins clients: the configuration balances requests"
    if diagnosis.conclusion is Conclusion.CAUSED:
        if not diagnosis.of(Severity.ERRORS):
            return "pinned: the configuration keeps a client on one pod"
        return "calls fail, or stay on one pod" if diagnosis.of(Severity.PINS) else "calls fail"
    if diagnosis.is_settled:
        return "nothing pins clients: the configuration could, but the traffic of all clients is balanced"
    maybe = diagnosis.of(Severity.MAY_PIN)
    if maybe and diagnosis.overall is Conclusion.CAUSED:
        return "the configuration shows a possible cause"
    return "open: it depends on more than the configuration shows" if maybe else "open: not everything could be checked"


def measured(measurement: Measurement) -> str:
    """The verdict on the traffic in one line: by what, over what time."""
    verdict = measurement.verdict
    return printable(f"{verdict.outcome.value}: {verdict.reason}; {source(measurement)}")


def source(measurement: Measurement) -> str:
    """By what, and over what time."""
    return counted_by_text(measurement.counted_by, measurement.seconds)


def not_measured(diagnosis: Diagnosis) -> str:
    """Why not; empty if it was."""
    if isinstance(diagnosis.traffic, NotMeasured):
        hint = "" if diagnosis.clients else "; name the client with --client"
        return f"{NOT_MEASURED}: {diagnosis.traffic.reason}{hint}"
    return NOT_MEASURED if diagnosis.traffic is None else ""


def counts(diagnosis: Diagnosis) -> str:
    """How many causes were checked, and the result."""
    words = {
        Severity.PINS: ("pins clients", "pin clients"),
        Severity.ERRORS: ("makes calls fail", "make calls fail"),
        Severity.MAY_PIN: ("may pin clients", "may pin clients"),
        Severity.UNKNOWN: ("could not be checked", "could not be checked"),
    }
    numbers = {severity: len(diagnosis.of(severity)) for severity in words}
    parts = [f"{number} {words[severity][number > 1]}" for severity, number in numbers.items() if number]
    return f"checked {diagnosis.looked_at} causes: {', '.join(parts) or 'none applies'}"


def evidence_text(evidence: Evidence) -> str:
    value = NOT_SET if evidence.value is None else f"= {evidence.value}"
    return printable(f"{evidence.reference.singular}: {evidence.path} {value}")


def worst_first(diagnoses: Iterable[Diagnosis]) -> list[Diagnosis]:
    order = [*Conclusion]
    return sorted(
        diagnoses, key=lambda one: (order.index(one.conclusion), str(one.service.namespace), str(one.service))
    )


def risk(diagnosis: Diagnosis) -> str:
    """In one word or two, for a line."""
    return WORDS[diagnosis.findings[0].severity] if diagnosis.conclusion is not Conclusion.CLEAR else "no"


def first_cause(diagnosis: Diagnosis) -> str | None:
    """Its ID; None if nothing was found."""
    return diagnosis.findings[0].id if diagnosis.conclusion is not Conclusion.CLEAR else None


def _row(diagnosis: Diagnosis) -> dict[str, Text]:
    style = {Conclusion.CAUSED: BAD, Conclusion.CLEAR: GOOD}.get(diagnosis.conclusion, "")
    why = first_cause(diagnosis) or "-"
    port = diagnosis.port_name or str(diagnosis.port)
    texts = (str(diagnosis.service.namespace), diagnosis.service.name, port, risk(diagnosis), why)
    cells = {column: Text(printable(text)) for column, text in zip(COLUMNS, texts, strict=True)}
    cells["AT RISK"].stylize(style)
    return cells


def _traffic(diagnosis: Diagnosis, width: int) -> Iterator[RenderableType]:
    """The verdict, and who called whom how often if that fits."""
    if not diagnosis.measured:
        return
    style = OUTCOME_STYLES.get(diagnosis.measured.verdict.outcome, "")
    yield from (Text(line, style) for line in _lines(measured(diagnosis.measured), width, ""))
    for rows in _matrices(diagnosis.measured):
        yield from _table(rows, width)


def _table(rows: Sequence[dict[str, Text]], width: int) -> Iterator[RenderableType]:
    if rows and table_width(rows, [*rows[0]]) <= width:
        table = plain_table(*rows[0], numbers=[*rows[0]][1:])
        for row in rows[:MOST_ROWS]:
            table.add_row(*row.values())
        yield from (Text(""), table)
        if len(rows) > MOST_ROWS:
            yield Text(f"and {len(rows) - MOST_ROWS} more; `-o json` has them all")
        yield Text("")


def matrices(measurement: Measurement) -> Iterator[tuple[str, Mapping[str, Mapping[str, int]]]]:
    """Requests, and connections that are open: the title of the clients, and their numbers by server."""
    if any(any(requests.values()) for requests in measurement.by_client.values()):
        yield callers_title(measurement.counted_by), measurement.by_client
    if measurement.connections:
        yield CONNECTIONS, measurement.connections


def _matrices(measurement: Measurement) -> Iterator[list[dict[str, Text]]]:
    """A row for each client, a column for each server."""
    titles = short_names(measurement.servers)
    for owner, by_client in matrices(measurement):
        yield [
            {
                owner: Text(printable(client)),
                **{printable(title): Text(str(numbers.get(name, 0))) for name, title in titles.items()},
            }
            for client, numbers in by_client.items()
            if any(numbers.values())
        ]


def _answer(diagnosis: Diagnosis, width: int) -> Text:
    style = {Conclusion.CAUSED: BAD, Conclusion.CLEAR: GOOD}.get(diagnosis.conclusion, "")
    return Text(textwrap.fill(answer(diagnosis), width), style)


def _alike(findings: Sequence[Finding], flags: Sequence[str], width: int) -> Iterator[Text]:
    """The first few of those that one rule found, such as of several clients."""
    for finding in findings[:ALIKE]:
        yield Text("")
        yield from _finding(finding, flags, width)
    if len(findings) > ALIKE:
        yield Text("")
        yield Text(f"and {len(findings) - ALIKE} more {findings[0].id}; `-o json` has them all")


def _finding(finding: Finding, flags: Sequence[str], width: int) -> Iterator[Text]:
    word = WORDS[finding.severity]
    yield Text.assemble((word, STYLES.get(finding.severity, "")), INDENT, (finding.id, "bold"))
    yield from _indented(finding.summary, width)
    for evidence in finding.evidence:
        yield from _indented(evidence_text(evidence), width)
    yield from _remedy(finding, flags, width)


def _remedy(finding: Finding, flags: Sequence[str], width: int) -> Iterator[Text]:
    for line in finding.remedy.lines(flags):
        yield Text(f"{INDENT}$ {printable(line)}", "cyan")
    if finding.remedy.note:
        yield from _indented(finding.remedy.note, width)


def unchecked(diagnosis: Diagnosis) -> list[tuple[str, list[Finding]]]:
    """What could not be checked, by the reason."""
    unknown = sorted(diagnosis.of(Severity.UNKNOWN), key=lambda finding: finding.summary)
    return [(summary, [*alike]) for summary, alike in groupby(unknown, lambda finding: finding.summary)]


def _unknown(diagnosis: Diagnosis, width: int) -> list[Text]:
    """What could not be checked, each reason once."""
    lines: list[Text] = []
    for summary, findings in unchecked(diagnosis):
        lines += [Text(line) for line in _lines(f"{WORDS[Severity.UNKNOWN]}  {summary}", width, INDENT)]
        lines += _indented(", ".join(finding.id for finding in findings), width)
        for note in dict.fromkeys(finding.remedy.note for finding in findings):
            lines += _indented(note, width)
    return lines


def _notes(diagnosis: Diagnosis, flags: Sequence[str], width: int) -> list[Text]:
    lines: list[Text] = []
    for finding in diagnosis.of(Severity.OBSCURES):
        lines += [Text(line) for line in _lines(f"{WORDS[finding.severity]}  {finding.id}: {finding.summary}", width)]
        lines += _remedy(finding, flags, width)
    return lines


def _named(reference: ObjectReference, diagnosis: Diagnosis) -> str:
    elsewhere = reference.namespace != diagnosis.service.namespace
    return f"{reference.singular}{f' in {reference.namespace}' if elsewhere else ''}"


def _indented(text: str, width: int) -> list[Text]:
    return [Text(f"{INDENT}{line}") for line in _lines(text, width - len(INDENT), "")]


def _wrapped(text: str, width: int) -> list[Text]:
    return [Text(line) for line in _lines(text, width, "")]


def _lines(text: str, width: int, hang: str = INDENT) -> list[str]:
    """Wrapped between words; a long name stays whole."""
    return textwrap.wrap(printable(text), width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
