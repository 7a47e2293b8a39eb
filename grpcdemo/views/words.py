"""An observation in words: the lines below the table, the progress line, and what a terminal may print."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grpcdemo.errors import Hint
from grpcdemo.model.observation import BlindTime, CountedBy, Observation, Tally
from grpcdemo.model.result import Provenance
from grpcdemo.views.glyphs import percent
from grpcdemo.views.pods import short_names

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters and bidirectional overrides and isolates: a log must not control the terminal."""
NAMED = 3
"""How many servers the progress line names."""


def printable(text: str) -> str:
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def numbers_line(observation: Observation) -> str:
    """How much, how fast, and what failed."""
    tally, counted_by = observation.tally, observation.counted_by
    rate = f"{tally.responses} responses in {tally.seconds:.1f} s ({tally.responses_per_second:.1f}/s)"
    parts = [rate if counts_requests(counted_by) else f"{tally.seconds:.1f} s"]
    if counted_by and counted_by.pods:
        parts.append(counted_by_text(counted_by))
    parts += _blind_texts(tally)
    parts += _client_texts(observation)
    if observation.windows > 1:
        parts.append(f"window {observation.windows}")
    if tally.missed:
        parts.append(f"{tally.missed} missed")
    if not tally.errors and not counted_by:
        parts.append("no errors seen" if tally.blind_seconds else "no errors")
    if earlier := errors_before(observation):
        parts.append(f"{earlier} failed before this window")
    return ", ".join(parts)


COUNTERS = {
    "envoy": "the sidecars",
    "linkerd": "the Linkerd proxies",
    "istio": "the sidecars",
    "app": "the applications",
    "log": "the logs",
    "probe": "the TCP segments (about one a request)",
}
"""Who counts, by source."""
CONNECTED = "seen in the connections"


def counted_by_text(counted_by: CountedBy, over_s: float | None = None) -> str:
    """Who has counted the requests, over what time and, if that is not the best source, why."""
    pods, all_pods = counted_by.pods, counted_by.all_pods
    which = f"{pods}" if pods == all_pods else f"{pods} of {all_pods}"
    whose = "server" if counted_by.at_servers else "client"
    why = f" ({counted_by.why})" if counted_by.why else ""
    how = f"counted by {COUNTERS[counted_by.source]}" if counts_requests(counted_by) else CONNECTED
    also = f" and {CONNECTED}" if counted_by.with_connections else ""
    over = "" if over_s is None else f" in {over_s:.1f} s"
    return f"{how}{also} of {which} {whose} {'pod' if all_pods == 1 else 'pods'}{over}{why}"


def counts_requests(counted_by: CountedBy | None) -> bool:
    """Connections do not."""
    return not counted_by or counted_by.source != "connections"


def connections_line(observation: Observation) -> str:
    """To which server pods the first few clients are connected."""
    connections, titles = observation.connections or {}, short_names(pod.name for pod in observation.servers)
    parts = [
        f"{client} to {_listed([titles.get(name, name) for name in pods])}" for client, pods in connections.items()
    ]
    more = [f"{len(parts) - NAMED} more"] if len(parts) > NAMED else []
    return printable(f"connected: {', '.join([*parts[:NAMED], *more]) or 'no client pod'}")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= NAMED else f"{len(names)} pods"


def callers_title(counted_by: CountedBy | None) -> str:
    """The head of the column of those who call: servers know workloads."""
    return "CALLER" if counted_by and counted_by.at_servers else "CLIENT POD"


def _blind_texts(tally: Tally) -> list[str]:
    return [f"blind for {tally.blind_seconds:.1f} s"] if tally.blind_seconds else []


def blind_line(one: BlindTime) -> str:
    """A time in which calls could not be counted, and why."""
    who, message = one.client or "the pods", f": {one.message}" if one.message else ""
    until = f"to {one.end:.1f} s" if one.is_over else "s on"
    return printable(f"blind to {who} from {one.begin:.1f} {until}{message}")


def _client_texts(observation: Observation) -> list[str]:
    """How many clients there are, if that is not said yet or plain, and why some do not call."""
    number, counted_by = len(observation.clients), observation.counted_by
    is_said = bool(counted_by and counted_by.pods) or number == 1
    texts = [] if is_said else [f"{number} clients" if number else "no client pod"]
    waiting = [pod.status for pod in observation.clients if not pod.ready]
    if waiting:
        texts.append(f"clients not ready: {len(waiting)} ({', '.join(sorted(set(waiting)))})")
    return texts


def errors_before(observation: Observation) -> int:
    """How many calls failed before the present window, for example during a rollout."""
    return max(0, sum(part.errors for part in observation.timeline.slices) - sum(observation.tally.errors.values()))


def ready_text(observation: Observation) -> str:
    """READY of all pods: each value once."""
    return ", ".join(sorted({pod.ready_text for pod in (*observation.servers, *observation.clients)}))


def latency_line(tally: Tally) -> str:
    return "latency " + (", ".join(f"{name} {value:.1f} ms" for name, value in tally.latency_ms.items()) or "unknown")


def errors_text(tally: Tally) -> str:
    codes = ", ".join(f"{count} {code}" for code, count in sorted(tally.errors.items()))
    return f"errors: {codes}" if codes else "no errors"


def plain_line(observation: Observation, kubectl_flags: Sequence[str] = ()) -> str:
    """One line of progress, for where nothing can be redrawn."""
    counts = observation.tally.by_server()
    total = sum(counts.values())
    most = sorted(counts, key=lambda name: (-counts[name], name))
    shares = [f"{printable(name)} {percent(counts[name] / total)}" for name in most[:NAMED]]
    if len(most) > NAMED:
        shares.append(f"{len(most) - NAMED} more {percent(sum(counts[name] for name in most[NAMED:]) / total)}")
    if not counts_requests(observation.counted_by):
        shares = [connections_line(observation)]
    answers = shares or [*([] if observation.counted_by else ["no server yet"]), *_client_texts(observation)]
    failed = [errors_text(observation.tally)] if observation.tally.errors else []
    verdict = observation.verdict
    is_told = observation.is_blind or observation.hint
    outcome = f"{verdict.outcome.value}: {verdict.reason}" if is_told else verdict.outcome.value
    hints = [hint_line(observation.hint, kubectl_flags)] if observation.hint else []
    parts = [
        *([f"{total} responses"] if counts_requests(observation.counted_by) else []),
        *answers,
        *failed,
        *_blind_texts(observation.tally),
        printable(outcome),
        *hints,
    ]
    return f"{observation.tally.seconds:.0f} s: {', '.join(parts)}"


def hint_line(hint: Hint, kubectl_flags: Sequence[str] = ()) -> str:
    """What helps; its kubectl commands get the flags that choose the cluster."""
    return f"hint: {printable(hint.text(kubectl_flags))}"


def platform_text(provenance: Provenance) -> str:
    """Where it ran, with the known versions."""
    if provenance.sandbox:
        return f"the sandbox in place of Kubernetes ({provenance.kubernetes}) and Istio"
    return f"Kubernetes {provenance.kubernetes}, {_istio_text(provenance.istio)}"


def _istio_text(versions: tuple[str, ...] | None) -> str:
    if versions is None:
        return "Istio's version could not be read"
    return f"Istio {', '.join(versions)}" if versions else "no Istio control plane"
