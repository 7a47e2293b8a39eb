"""What was observed, in words: the lines below the table, the line a second, the lines of the log."""

from __future__ import annotations

import re

from grpcdemo.model import Observation, Provenance, Tally
from grpcdemo.views.glyphs import percent

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and what turns the direction of a line: a log must not steer the terminal that shows it."""
NAMED = 3
"""How many servers a line names."""


def printable(text: str) -> str:
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def numbers_line(seen: Observation) -> str:
    """How much, how fast, and what failed."""
    tally = seen.tally
    parts = [f"{tally.responses} responses in {tally.seconds:.1f} s ({rate(tally):.1f}/s)"]
    parts += _client_texts(seen)
    if seen.windows > 1:
        parts.append(f"window {seen.windows}")
    if tally.missed:
        parts.append(f"{tally.missed} missed")
    if not tally.errors:
        parts.append("no errors")
    if earlier := errors_before(seen):
        parts.append(f"{earlier} failed before this window")
    return ", ".join(parts)


def _client_texts(seen: Observation) -> list[str]:
    """How many clients there are, where it is not one, and why some do not call."""
    number = len(seen.clients)
    texts = [] if number == 1 else [f"{number} clients" if number else "no client pod"]
    waiting = [pod.status for pod in seen.clients if not pod.ready]
    if waiting:
        texts.append(f"clients not ready: {len(waiting)} ({', '.join(sorted(set(waiting)))})")
    return texts


def errors_before(seen: Observation) -> int:
    """How many calls failed before the present window, such as while pods were replaced."""
    return max(0, sum(found.errors for found in seen.timeline.slices) - sum(seen.tally.errors.values()))


def ready_text(seen: Observation) -> str:
    """READY as all pods have it, or each of the ways they have it."""
    return ", ".join(sorted({pod.ready_text for pod in (*seen.servers, *seen.clients)}))


def latency_line(tally: Tally) -> str:
    return "latency " + (", ".join(f"{name} {value:.1f} ms" for name, value in tally.latency_ms.items()) or "unknown")


def errors_text(tally: Tally) -> str:
    codes = ", ".join(f"{count} {code}" for code, count in sorted(tally.errors.items()))
    return f"errors: {codes}" if codes else "no errors"


def plain_line(seen: Observation) -> str:
    """One line of progress, where nothing can be redrawn."""
    counts = seen.tally.by_server()
    total = sum(counts.values())
    most = sorted(counts, key=lambda name: (-counts[name], name))
    shares = [f"{printable(name)} {percent(counts[name] / total)}" for name in most[:NAMED]]
    if len(most) > NAMED:
        shares.append(f"{len(most) - NAMED} more {percent(sum(counts[name] for name in most[NAMED:]) / total)}")
    told = shares or ["nobody yet", *_client_texts(seen)]
    failed = [errors_text(seen.tally)] if seen.tally.errors else []
    parts = [f"{total} responses", *told, *failed, seen.verdict.outcome.value]
    return f"{seen.tally.seconds:.0f} s: {', '.join(parts)}"


def platform_text(provenance: Provenance) -> str:
    """What it ran on, with the versions as far as they are known."""
    if provenance.sandbox:
        return f"the sandbox in place of Kubernetes ({provenance.kubernetes}) and Istio"
    return f"Kubernetes {provenance.kubernetes}, {_istio_text(provenance.istio)}"


def _istio_text(versions: tuple[str, ...] | None) -> str:
    if versions is None:
        return "Istio's version could not be read"
    return f"Istio {', '.join(versions)}" if versions else "no Istio control plane"


def rate(tally: Tally) -> float:
    """Responses a second."""
    return tally.responses / tally.seconds if tally.seconds else 0.0
