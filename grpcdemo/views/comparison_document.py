"""A comparison as a JSON document, which comparison.schema.json describes, and as Markdown."""

from __future__ import annotations

from typing import Any

from grpcdemo.model.comparison import (
    Comparison,
    Cost,
    Course,
    CureResult,
    Disturbance,
    NewPod,
    Traffic,
    Window,
)
from grpcdemo.model.recommendation import Recommendation, recommend
from grpcdemo.model.result import Provenance
from grpcdemo.verdict import Verdict
from grpcdemo.verdict.paired import CONFIDENCE, Difference
from grpcdemo.views.comparison import cure_texts, judgement, notes, recommendations
from grpcdemo.views.document import provenance_document
from grpcdemo.views.markdown import escape, markdown_table, measured

Document = dict[str, Any]
HEADS = (
    "Cure",
    "Changes",
    "Verdict",
    "Connections",
    "p50 ms",
    "p99 ms",
    "New pod",
    "Even",
    "Failed",
    "Gap",
    "Start-up",
    "Memory",
)


def comparison_document(comparison: Comparison, provenance: Provenance) -> Document:
    setting = comparison.setting
    chosen = recommend(comparison.cures, setting.may_change)
    return {
        "setting": {
            "servers": setting.servers,
            "clients": setting.clients,
            "ratePerClient": setting.rate,
            "rounds": setting.rounds,
            "seed": setting.seed,
            "windowSeconds": setting.window_s,
            "mayChange": [*setting.may_change],
            "confidence": CONFIDENCE,
        },
        "complete": comparison.complete,
        "seconds": round(comparison.seconds, 3),
        "expectedSeconds": round(setting.expected_s, 3),
        "cures": [*map(_cure, comparison.cures)],
        "recommendations": [*map(_recommendation, chosen)],
        "provenance": provenance_document(provenance),
    }


def _cure(cure: CureResult) -> Document:
    return {
        "name": cure.name,
        "summary": cure.summary,
        "changes": [*cure.changes],
        "contrast": cure.contrast,
        **_verdict(cure.verdict),
        "clientsByVerdict": cure.clients,
        "judgement": judgement(cure),
        "failure": cure.failure or None,
        "responses": cure.traffic.responses,
        "errors": cure.traffic.errors,
        "missed": cure.traffic.missed,
        "byServer": cure.traffic.by_server(),
        "repeatedShare": None if cure.repeated_share is None else round(cure.repeated_share, 4),
        "addedLatencyMs": {name: _difference(one) for name, one in cure.added_ms.items()},
        "windows": [*map(_window, cure.windows)],
        "changesOfServers": cure.course and _course(cure.course),
        "cost": cure.cost and _cost(cure.cost),
        "costUnknown": cure.cost_unknown or None,
    }


def _verdict(verdict: Verdict | None) -> Document:
    return {
        "verdict": verdict and verdict.outcome.value,
        "reason": verdict and verdict.reason,
        "errorRate": verdict and verdict.error_rate,
    }


def _window(window: Window) -> Document:
    return {
        "number": window.number,
        "round": window.round,
        **_verdict(window.verdict),
        **_traffic(window.traffic),
        "latencyMs": {name: round(value, 3) for name, value in window.latency_ms.items()},
        "clientConnections": [*window.client_connections],
        "serverConnections": [*window.server_connections],
        "startupSeconds": [round(seconds, 3) for seconds in window.startup_s],
    }


def _traffic(traffic: Traffic) -> Document:
    return {
        "byClient": traffic.by_client,
        "errors": traffic.errors,
        "missed": traffic.missed,
        "followed": traffic.order.followed,
        "repeated": traffic.order.repeated,
    }


def _difference(one: Difference) -> Document:
    return {
        "mean": round(one.mean, 4),
        "margin": None if one.margin is None else round(one.margin, 4),
        "pairs": one.pairs,
    }


def _course(course: Course) -> Document:
    return {
        "newPod": course.new_pod and _new_pod(course.new_pod),
        "watched": {**_traffic(course.traffic), "seconds": round(course.traffic_s, 3)},
        "events": [*map(_disturbance, course.disturbances)],
        "missed": course.missed,
        "skipped": {event.value: reason for event, reason in course.skipped.items()},
        "sliceSeconds": course.timeline.slice_s,
        "slices": [{"byServer": one.by_server, "errors": one.errors} for one in course.timeline.slices],
    }


def _new_pod(new_pod: NewPod) -> Document:
    return {
        "name": new_pod.name,
        "watchedSeconds": round(new_pod.watched_s, 3),
        "firstCallSeconds": None if new_pod.first_call_s is None else round(new_pod.first_call_s, 3),
        "evenSeconds": None if new_pod.even_s is None else round(new_pod.even_s, 3),
    }


def _disturbance(one: Disturbance) -> Document:
    return {
        "event": one.event.value,
        "beginSeconds": round(one.begin_s, 3),
        "seconds": round(one.seconds, 3),
        "calls": one.calls,
        "errors": one.errors,
        "longestGapSeconds": round(one.longest_gap_s, 3),
    }


def _cost(cost: Cost) -> Document:
    cpu_cores = None if cost.cpu_cores is None else round(cost.cpu_cores, 4)
    return {"containers": cost.containers, "memoryBytes": cost.memory_bytes, "cpuCores": cpu_cores}


def _recommendation(one: Recommendation) -> Document:
    return {"changes": [*one.changes], "cure": one.cure.name, "others": [other.name for other in one.others]}


def comparison_markdown(comparison: Comparison, provenance: Provenance) -> str:
    table = markdown_table(HEADS, map(_row, comparison.cures), numbers=len(HEADS) - 3)
    judgements = "\n".join(f"- **{escape(cure.name)}**: {escape(judgement(cure))}" for cure in comparison.cures)
    facts = "\n".join(f"- {escape(note)}" for note in notes(comparison))
    advice = "\n".join(f"- {escape(text)}" for text in recommendations(comparison))
    return "\n\n".join((table, judgements, "**Recommendation**", advice, facts, measured(provenance))) + "\n"


def _row(cure: CureResult) -> tuple[str, ...]:
    texts = cure_texts(cure)
    return (
        escape(texts.name),
        escape(texts.changes),
        texts.verdict,
        texts.connections,
        texts.p50,
        texts.p99,
        escape(texts.new_pod),
        escape(texts.even),
        texts.failed,
        texts.gap,
        texts.startup,
        texts.cost,
    )
