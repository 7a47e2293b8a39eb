"""The results as JSON documents: the names in them are a promise to scripts, whatever the model is called."""

from __future__ import annotations

from typing import Any

from grpcdemo.model import DemoResult, Injection, IstioStatus, Observation, Phase, Pod, Status
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


def observation_document(seen: Observation) -> Document:
    counts = seen.tally.by_server()
    total = sum(counts.values())
    servers = [(pod.name, pod.ip, pod.ready_text) for pod in seen.servers]
    servers += [(name, ip, "gone") for name, ip in seen.departed.items()]
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
                "name": name,
                "ip": ip,
                "ready": ready,
                "responses": counts.get(name, 0),
                "share": round(counts.get(name, 0) / total, 4) if total else 0.0,
            }
            for name, ip, ready in sorted(servers)
        ],
        "clients": [{"name": pod.name, "ip": pod.ip, "ready": pod.ready_text} for pod in seen.clients],
        "byClient": seen.tally.by_client,
    }


def demo_document(result: DemoResult) -> Document:
    return {
        "istioOff": _phase(result.before),
        "istioOn": _phase(result.after),
        "seconds": round(result.seconds, 3),
    }


def _phase(phase: Phase) -> Document:
    return observation_document(phase.observation)


def _injectors(injection: Injection) -> list[Document] | None:
    if injection.injectors is None:
        return None
    return [
        {"revision": found.revision, "service": found.service, "ready": found.ready} for found in injection.injectors
    ]
