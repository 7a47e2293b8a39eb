"""A second injector, for the namespace of a single test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract.tools import kubectl

WEBHOOKS = "mutatingwebhookconfigurations"
OURS = "grpcdemo-test"
"""Labels a test's injector, so that a concurrent test does not take it for the target's own."""


@contextmanager
def one_more_injector(prefix: str, *, service: str | None = None) -> Iterator[str]:
    """Its revision. It listens to `istio.io/rev` alone, and is called at *service* (namespace/name) if that is given.

    Before the Service of the first, it is what Istio calls a revision tag.
    """
    listed = json.loads(kubectl("get", WEBHOOKS, "--selector", f"app=sidecar-injector,!{OURS}", "--output", "json"))
    original = listed["items"][0]
    name = f"{prefix}-revision"
    entry = next(found for found in original["webhooks"] if found["name"].startswith("rev.namespace."))
    entry["namespaceSelector"] = {
        "matchExpressions": [
            {"key": "istio.io/rev", "operator": "In", "values": [name]},
            {"key": "istio-injection", "operator": "DoesNotExist"},
        ]
    }
    labels = {**original["metadata"]["labels"], "istio.io/tag": name, OURS: ""}
    if service:
        labels["istio.io/rev"] = name
        namespace, service_name = service.split("/")
        entry["clientConfig"]["service"].update(namespace=namespace, name=service_name)
    made = {**original, "metadata": {"name": name, "labels": labels}, "webhooks": [entry]}
    kubectl("create", "-f", "-", stdin=json.dumps(made))
    try:
        yield name
    finally:
        kubectl("delete", WEBHOOKS, name)
