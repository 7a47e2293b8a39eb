"""An observation as CSV: a row for each server pod."""

from __future__ import annotations

import csv
import io

from grpcdemo.model.observation import Observation
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import printable

COLUMNS = (
    "server_pod",
    "ip",
    "node",
    "ready",
    "proxy",
    "responses",
    "share",
    "expected_share",
    "blind_seconds",
    "failed",
)


def observation_csv(observation: Observation) -> str:
    """With a header; unknown values are empty, a share is a number from 0 to 1.

    Each row has the seconds in which the calls of a client could not be read.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    blind = f"{observation.tally.blind_seconds:.3f}"
    for row in server_rows(observation):
        expected = "" if row.expected is None else f"{row.expected:.4f}"
        texts = (printable(text or "") for text in (row.name, row.ip, row.node, row.ready, row.proxy))
        writer.writerow([*texts, row.responses, f"{row.share:.4f}", expected, blind, row.failed])
    return out.getvalue()
