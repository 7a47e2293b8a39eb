"""What an observation shows, in a sentence or two: which pods answered, and whether a proxy chose them."""

from __future__ import annotations

from grpcdemo.model.observation import Observation
from grpcdemo.verdict import Outcome
from grpcdemo.views.glyphs import percent
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import counts_requests

WHAT_SERVERS_TELL = {
    "istio": "The servers' sidecars show who calls, but not always whether a client stays on one of them.",
    "log": "The logs show how many requests each server gets, but not always whether a client stays on one of them.",
    "probe": "The probes show how many requests each server gets, but not always whether a client stays on one.",
    "app": "The servers show how many requests each of them gets, but not whether a client stays on one of them.",
    "connections": "The connections show which server pods a client can send requests to, but not how many it sends.",
}
"""By source."""


def explanation(observation: Observation) -> str:
    return {
        Outcome.PINNED: _pinned,
        Outcome.BALANCED: _balanced,
        Outcome.SKEWED: _skewed,
        Outcome.INCONCLUSIVE: _inconclusive,
    }[observation.verdict.outcome](observation)


def _pinned(observation: Observation) -> str:
    rows, clients = server_rows(observation), len(observation.tally.by_client)
    answering = sum(bool(row.responses) for row in rows)
    if observation.connections:
        return (
            _despite_proxy(observation)
            + "Each client is connected to only one server pod, and sends all requests there."
        )
    if clients > 1:
        stay = f"Each of the {clients} clients stays on one server pod: {answering} of the {len(rows)} pods answer."
        return _despite_proxy(observation) + stay
    idle = "The other one gets nothing." if len(rows) == 2 else f"The other {len(rows) - 1} get nothing."
    return f"{_despite_proxy(observation)}All requests go to one of the {len(rows)} server pods. {idle}"


def _balanced(observation: Observation) -> str:
    all_answer = f"All {len(server_rows(observation))} server pods answer"
    if not _has_proxies(observation):
        return f"{all_answer}, without a proxy beside {_each_client(observation)}."
    return f"The proxy beside {_each_client(observation)} spreads the requests. {all_answer}."


def _skewed(observation: Observation) -> str:
    shares = [row.share for row in server_rows(observation)]
    spread = f"from {percent(min(shares))} to {percent(max(shares))}"
    return f"{_despite_proxy(observation)}The server pods get unequal shares of the requests, {spread}."


def _inconclusive(observation: Observation) -> str:
    rows = server_rows(observation)
    if observation.is_blind:
        return "The calls of a client cannot be read now, so it is not known which pods answer them."
    if len(rows) < 2:
        return "There are fewer than two server pods to choose from."
    answering = sum(bool(row.responses) for row in rows)
    if not answering and counts_requests(observation.counted_by):
        return "No request was answered."
    if sum((observation.tally.failed or {}).values()) > observation.tally.responses:
        return "Most requests fail."
    if observation.counted_by and observation.counted_by.at_servers:
        return WHAT_SERVERS_TELL[observation.counted_by.source]
    part = f"All {answering}" if answering == len(rows) else f"{answering} of the {len(rows)}"
    return f"{part} server pods answered. A verdict needs more responses."


def _has_proxies(observation: Observation) -> bool:
    return bool(observation.clients) and all(pod.proxy for pod in observation.clients)


def _each_client(observation: Observation) -> str:
    return "each client" if len(observation.clients) > 1 else "the client"


def _despite_proxy(observation: Observation) -> str:
    if not _has_proxies(observation):
        return ""
    return f"There is a proxy beside {_each_client(observation)}, but it does not spread the requests. "
