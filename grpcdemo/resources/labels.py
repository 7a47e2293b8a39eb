"""Kubernetes' well-known labels, and the label on everything that grpcdemo creates."""

from __future__ import annotations

MANAGED_BY = "app.kubernetes.io/managed-by"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Of a namespace: its own name, set by the API server."""
APP_NAME = "app.kubernetes.io/name"
OURS = f"{MANAGED_BY}=grpcdemo"
"""Selects everything that grpcdemo made."""
TEMPLATE_HASH = "pod-template-hash"
"""Of a ReplicaSet and its pods: which of its Deployment's pod templates it is for."""
SERVICE_NAME = "kubernetes.io/service-name"
"""Of an EndpointSlice: the Service that it belongs to."""
