"""A cluster of the test's own: a store behind the API, controllers that act at once, Istio, and a client's log."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from typing import Any

from aiohttp import web

from tests.fakes.script import Answer, Asked, refuse, reply
from tests.fakes.webhooks import default_install
from tests.resources.samples import pod as sample_pod
from tests.resources.samples import running

from .store import Object, Store

LOG_PATH = re.compile(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/log")


class Cluster:
    """Istio injects where a namespace says `enabled`. The attributes that a test may set are what can go wrong."""

    def __init__(self) -> None:
        self.store = Store(self._stored)
        self.refused_tries: Answer | None = None
        """What the creation of a pod, which is only ever tried, is answered with."""
        self.refused_pods: str | None = None
        """Why a ReplicaSet can make no pod."""
        self.lag = 0
        """How many tries still see the namespace as it was not labelled."""
        self.trouble: Object | None = None
        """The status of the one container of each new pod, instead of one that is ready."""
        self.conditions: list[Object] = []
        """Of each new pod that has a trouble."""
        self.finalizers: list[str] = []
        """Of each new namespace."""
        self.always_balanced = False
        """Requests are balanced even where there is no proxy."""
        for found in default_install():
            self.store.put("mutatingwebhookconfigurations", "", found)
        of_istiod = {"name": "istiod-x", "labels": {"kubernetes.io/service-name": "istiod"}}
        slices = {"metadata": of_istiod, "endpoints": [{"conditions": {"ready": True}}]}
        self.store.put("endpointslices", "istio-system", slices)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/version":
            return reply({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})
        if log := LOG_PATH.fullmatch(asked.path):
            return self._log(*log.groups()) if "follow" in asked.query else reply(b"first\nlast\n")
        if asked.method == "POST" and asked.path.endswith("/pods"):
            self.store.asked.append(asked)
            return self._try_pod(asked.path.split("/")[4], asked.body)
        return self.store(asked)

    def add_namespace(self, name: str, **metadata: Any) -> Object:
        found = {"metadata": {"name": name, **metadata}, "status": {"phase": "Active"}}
        return self.store.put("namespaces", "", found)

    def labels(self, namespace: str) -> dict[str, str]:
        return self.store.get("namespaces", "", namespace)["metadata"].get("labels") or {}

    def restarts(self) -> list[str]:
        """The Deployments that were asked to restart."""
        asked = [found for found in self.store.changes if "restartedAt" in json.dumps(found.body)]
        return sorted(found.path.rsplit("/", 1)[-1] for found in asked)

    def _stored(self, plural: str, namespace: str, found: Object) -> None:
        if plural == "namespaces":
            found.setdefault("status", {"phase": "Active"})
            if self.finalizers:
                found["metadata"]["finalizers"] = self.finalizers
        if plural == "deployments":
            self._roll_out(namespace, found)

    def _roll_out(self, namespace: str, deployment: Object) -> None:
        """All the old pods go and all the new ones come, before the answer to the request is sent."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        template, generation = spec["template"], metadata.get("generation", 0) + 1
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        labels = {**template["metadata"]["labels"], "pod-template-hash": digest}
        name = f"{metadata['name']}-{digest}"
        wanted = 0 if self.refused_pods else spec["replicas"]
        pods = {f"{name}-{number}" for number in range(wanted)}
        for other in self.store.names("pods", namespace):
            if other.startswith(f"{metadata['name']}-") and other not in pods:
                self.store.remove("pods", namespace, other)
        for pod in sorted(pods - set(self.store.names("pods", namespace))):
            self.store.put("pods", namespace, self._pod(pod, template, labels, injected=self._injects(namespace)))
        self.store.put("replicasets", namespace, self._replica_set(name, template, labels, metadata["uid"]))
        counts = {"observedGeneration": generation, "replicas": wanted, "updatedReplicas": wanted}
        counts["availableReplicas"] = 0 if self.trouble else wanted
        metadata = {**metadata, "generation": generation}
        self.store.put("deployments", namespace, {**deployment, "metadata": metadata, "status": counts}, "MODIFIED")

    def _replica_set(self, name: str, template: Object, labels: dict[str, str], owner: str) -> Object:
        failure = {"type": "ReplicaFailure", "status": "True", "message": self.refused_pods}
        return {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [{"uid": owner}]},
            "spec": {"template": {**template, "metadata": {**template["metadata"], "labels": labels}}},
            "status": {"conditions": [failure] if self.refused_pods else []},
        }

    def _injects(self, namespace: str) -> bool:
        return self.labels(namespace).get("istio-injection") == "enabled"

    def _try_pod(self, namespace: str, body: Object) -> Answer:
        lagging, self.lag = self.lag > 0, max(0, self.lag - 1)
        tried = self._pod("tried", body, {}, injected=self._injects(namespace) and not lagging)
        return self.refused_tries or reply(tried, 201)

    def _pod(self, name: str, template: Object, labels: dict[str, str], *, injected: bool) -> Object:
        app = template["metadata"]["labels"]["app.kubernetes.io/name"]
        return sample_pod(
            name,
            app=app,
            containers=[self.trouble or running(app)],
            inits=[running("istio-proxy")] if injected else [],
            sidecars=["istio-proxy"],
            ready=self.trouble is None,
            ip=f"10.0.0.{len(self.store.objects)}",
            metadata={"labels": labels},
            status={"conditions": self.conditions} if self.conditions else {},
        )

    def _log(self, namespace: str, name: str) -> Answer:
        """The log of a client that calls for ever: the first server, or, where requests are balanced, each in turn."""
        client = self.store.objects.get(("pods", namespace, name))
        if client is None:
            return refuse(404, f'pods "{name}" not found')
        servers = [found for found in self.store.names("pods", namespace) if found.startswith("grpc-server-")]
        balanced = client["spec"]["initContainers"] or self.always_balanced

        async def stream(request: web.Request) -> web.StreamResponse:
            response, seq = web.StreamResponse(), 0
            await response.prepare(request)
            while True:
                seq += 1
                pod = servers[seq % len(servers) if balanced else 0]
                call = f"seq={seq} code=OK pod={pod} pod_ip=10.0.0.1 latency_ms=1.00"
                await response.write(f"2026-05-04T10:11:12.{seq:09d}Z {call}\n".encode())
                await asyncio.sleep(0.001)

        return stream
