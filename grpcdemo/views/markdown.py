"""An observation as Markdown, for a pull request: verdict, tables, and how it was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grpcdemo.model.observation import Observation
from grpcdemo.model.result import Provenance
from grpcdemo.views.clients import client_matrix
from grpcdemo.views.glyphs import percent
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import blind_line, errors_text, latency_line, numbers_line, platform_text, printable

SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#])")

NAME = re.compile(r"…?[A-Za-z0-9.-]+")


def observation_markdown(observation: Observation, provenance: Provenance) -> str:
    certainty = f" ({observation.verdict.certainty})" if observation.verdict.certainty else ""
    facts = [
        numbers_line(observation),
        *([] if observation.counted_by else [latency_line(observation.tally)]),
        *map(blind_line, observation.blind),
        *([errors_text(observation.tally)] if observation.tally.errors else []),
    ]
    parts = [
        f"**{observation.verdict.outcome.value}**: {escape(observation.verdict.reason)}{escape(certainty)}",
        _servers(observation),
        *([_clients(observation)] if len(observation.callers) > 1 else []),
        "\n".join(f"- {escape(fact)}" for fact in facts),
        measured(provenance),
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """As plain text, with special characters escaped."""
    return SPECIAL.sub(r"\\\1", printable(text))


def name_text(name: str) -> str:
    """A valid pod name as code, anything else as text: no code can hold a `|` in every table."""
    return f"`{name}`" if NAME.fullmatch(name) else escape(name)


def code(text: str) -> str:
    """As code, in a fence longer than any in it."""
    text = printable(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _servers(observation: Observation) -> str:
    failed = observation.tally.failed
    rows = [
        (
            name_text(row.name),
            escape(row.ip or "-"),
            escape(row.node or "-"),
            escape(row.ready),
            escape(row.proxy or "-"),
            str(row.responses),
            *([str(row.failed)] if failed else []),
            percent(row.share),
            "-" if row.expected is None else percent(row.expected),
        )
        for row in server_rows(observation)
    ]
    numbers = ("Responses", *(["Failed"] if failed else []), "Share", "Even")
    return markdown_table(("Server pod", "IP", "Node", "Ready", "Proxy", *numbers), rows, numbers=len(numbers))


def _clients(observation: Observation) -> str:
    matrix = client_matrix(observation)
    rows = [(name_text(client), str(total), *map(percent, shares)) for client, total, shares in matrix.rows]
    heads = ("Client pod", "Responses", *map(escape, matrix.servers))
    return markdown_table(heads, rows, numbers=len(heads) - 1)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A table whose last *numbers* columns are aligned to the right."""
    rule = ["---"] * (len(heads) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def measured(provenance: Provenance) -> str:
    """How, where and when it was measured."""
    where = f"grpcdemo {provenance.grpcdemo}, {platform_text(provenance)}, {provenance.began:%Y-%m-%d %H:%M} UTC"
    return f"Measured with {code(provenance.command)}: {escape(where)}"
