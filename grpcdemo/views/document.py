"""The results as JSON documents: the names in them are a promise to scripts, whatever the model is called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grpcdemo.model import DemoResult, Injection, IstioStatus, Observation, Pod, Provenance, Slice, Status
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import rate

Document = dict[str, Any]


def status_document(status: Status) -> Document:
    return {
        "context": status.target.context,
        "server": status.target.server,
        "kubernetes": status.kubernetes,
        "namespace": status.namespace,
        "phase": status.phase,
        "owned": status.owned,
        "labels": status.labels,
        "pods": pods_document(status.pods),
    }


def istio_document(status: IstioStatus) -> Document:
    return {
        "namespace": status.namespace,
        "versions": status.versions,
        "labels": status.injection.labels,
        "injectors": _injectors(status.injection),
        "injectingRevision": status.injection.revision,
        "ambient": status.injection.ambient,
        "pods": pods_document(status.pods),
    }


def pods_document(pods: tuple[Pod, ...] | list[Pod]) -> list[Document]:
    return [
        {
            "name": pod.name,
            "app": pod.app,
            "ip": pod.ip,
            "node": pod.node,
            "status": pod.status,
            "ready": pod.ready,
            "readyContainers": pod.ready_containers,
            "containers": pod.containers,
            "restarts": pod.restarts,
            "proxy": pod.proxy,
        }
        for pod in pods
    ]


def observation_document(seen: Observation, provenance: Provenance | None = None) -> Document:
    """The result of `observe`, as observation.schema.json describes it."""
    return {
        **state_document(seen),
        "clients": [{"name": pod.name, "ip": pod.ip, "ready": pod.ready_text} for pod in seen.clients],
        "byClient": seen.tally.by_client,
        "latencyHistogram": [
            {"fromMs": round(found.low_ms, 4), "toMs": round(found.high_ms, 4), "count": found.count}
            for found in seen.latencies
        ],
        "timeline": {
            "seconds": round(seen.timeline.seconds, 3),
            "sliceSeconds": seen.timeline.slice_s,
            "slices": [_slice(found) for found in seen.timeline.slices],
        },
        "provenance": provenance and provenance_document(provenance),
    }


def record_document(seen: Observation, time: datetime) -> Document:
    """The present window at one moment: a line of `-o jsonl`."""
    return {"time": time.isoformat(timespec="milliseconds"), **state_document(seen)}


def state_document(seen: Observation) -> Document:
    """The verdict, the numbers, and the servers."""
    return {
        "verdict": seen.verdict.outcome.value,
        "reason": seen.verdict.reason,
        "errorRate": seen.verdict.error_rate,
        "responses": seen.tally.responses,
        "errors": seen.tally.errors,
        "missed": seen.tally.missed,
        "windows": seen.windows,
        "seconds": round(seen.tally.seconds, 3),
        "responsesPerSecond": round(rate(seen.tally), 2),
        "latencyMs": {name: round(value, 3) for name, value in seen.tally.latency_ms.items()},
        "servers": [
            {
                "name": row.name,
                "ip": row.ip,
                "node": row.node,
                "ready": row.ready,
                "proxy": row.proxy,
                "responses": row.responses,
                "share": round(row.share, 4),
                "expectedShare": None if row.expected is None else round(row.expected, 4),
            }
            for row in server_rows(seen)
        ],
    }


def provenance_document(provenance: Provenance) -> Document:
    return {
        "command": provenance.command,
        "began": provenance.began.isoformat(),
        "grpcdemo": provenance.grpcdemo,
        "kubernetes": provenance.kubernetes,
        "istio": provenance.istio,
        "context": provenance.context,
        "namespace": provenance.namespace,
        "sandbox": provenance.sandbox,
    }


def _slice(found: Slice) -> Document:
    return {
        "byServer": found.by_server,
        "errors": found.errors,
        "followed": found.followed,
        "repeated": found.repeated,
        "windows": found.windows,
    }


def demo_document(result: DemoResult, provenance: Provenance | None = None) -> Document:
    return {
        "istioOff": observation_document(result.before.observation),
        "istioOn": observation_document(result.after.observation),
        "seconds": round(result.seconds, 3),
        "provenance": provenance and provenance_document(provenance),
    }


def _injectors(injection: Injection) -> list[Document] | None:
    if injection.injectors is None:
        return None
    return [
        {
            "revision": injector.revision,
            "service": str(injector.service) if injector.service else None,
            "ready": injector.ready,
        }
        for injector in injection.injectors
    ]
