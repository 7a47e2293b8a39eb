"""Foreign objects, as `kubectl create -f -` takes them."""

import json


def build_service(name: str) -> str:
    """A Service that selects no pod."""
    spec = {"ports": [{"port": 443}]}
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def build_deployment(name: str) -> str:
    """A Deployment of no pods."""
    labels = {"app": name}
    container = {"name": name, "image": "localhost/none:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
