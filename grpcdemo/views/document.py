"""The results as JSON documents. Scripts rely on the names in them, however the model is renamed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grpcdemo.model.cleanup import CleanedNamespace
from grpcdemo.model.istio import Injection, IstioStatus
from grpcdemo.model.observation import BlindTime, Observation, Slice
from grpcdemo.model.pods import Pod, Status, Workload
from grpcdemo.model.result import DemoResult, Provenance
from grpcdemo.views.servers import server_rows

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
        "deployments": [*map(_workload, status.workloads)],
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
        "deployments": [*map(_workload, status.workloads)],
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


def cleaned_document(cleaned: CleanedNamespace) -> Document:
    """What `cleanup` did in one namespace."""
    return {
        "namespace": cleaned.name,
        "fate": cleaned.fate,
        "deleted": list(cleaned.deleted),
        "restoredLabels": dict(cleaned.restored),
        "gone": cleaned.gone,
    }


def observation_document(observation: Observation, provenance: Provenance | None = None) -> Document:
    """The result of `observe`, as observation.schema.json describes it."""
    return {
        **state_document(observation),
        "clients": [{"name": pod.name, "ip": pod.ip, "ready": pod.ready_text} for pod in observation.clients],
        "byClient": observation.tally.by_client,
        "latencyHistogram": [
            {"fromMs": round(one.low_ms, 4), "toMs": round(one.high_ms, 4), "count": one.count}
            for one in observation.latencies
        ],
        "timeline": {
            "seconds": round(observation.timeline.seconds, 3),
            "sliceSeconds": observation.timeline.slice_s,
            "slices": [*map(_slice, observation.timeline.slices)],
        },
        "blind": [*map(_blind_time, observation.blind)],
        "provenance": provenance and provenance_document(provenance),
    }


def record_document(observation: Observation, time: datetime) -> Document:
    """The present window at one moment: a line of `-o jsonl`."""
    return {"time": time.isoformat(timespec="milliseconds"), **state_document(observation)}


def state_document(observation: Observation) -> Document:
    """The verdict, who counted, the numbers, and the servers."""
    return {
        "verdict": observation.verdict.outcome.value,
        "reason": observation.verdict.reason,
        "errorRate": observation.verdict.error_rate,
        "source": observation.counted_by.source if observation.counted_by else "log",
        "sourceReason": (observation.counted_by.why or None) if observation.counted_by else None,
        "connections": observation.connections,
        "responses": observation.tally.responses,
        "errors": observation.tally.errors,
        "missed": observation.tally.missed,
        "windows": observation.windows,
        "seconds": round(observation.tally.seconds, 3),
        "blindSeconds": round(observation.tally.blind_seconds, 3),
        "responsesPerSecond": round(observation.tally.responses_per_second, 2),
        "latencyMs": {name: round(value, 3) for name, value in observation.tally.latency_ms.items()},
        "servers": [
            {
                "name": row.name,
                "ip": row.ip,
                "node": row.node,
                "ready": row.ready,
                "proxy": row.proxy,
                "responses": row.responses,
                "failed": row.failed,
                "share": round(row.share, 4),
                "expectedShare": None if row.expected is None else round(row.expected, 4),
            }
            for row in server_rows(observation)
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


def _slice(time_slice: Slice) -> Document:
    return {
        "byServer": time_slice.by_server,
        "errors": time_slice.errors,
        "followed": time_slice.followed,
        "repeated": time_slice.repeated,
        "windows": time_slice.windows,
    }


def _blind_time(one: BlindTime) -> Document:
    return {
        "client": one.client or None,
        "fromSeconds": round(one.begin, 3),
        "toSeconds": round(one.end, 3),
        "over": one.is_over,
        "cause": one.cause,
        "message": one.message,
    }


def demo_document(result: DemoResult, provenance: Provenance | None = None) -> Document:
    return {
        "istioOff": observation_document(result.before.observation),
        "istioOn": observation_document(result.after.observation),
        "seconds": round(result.seconds, 3),
        "provenance": provenance and provenance_document(provenance),
    }


def _workload(workload: Workload) -> Document:
    return {
        "name": workload.name,
        "replicas": workload.replicas,
        "ready": workload.ready,
        "paused": workload.paused,
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
