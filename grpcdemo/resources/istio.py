"""Istio's names: the labels, annotations and containers by which it and its users talk to each other."""

from __future__ import annotations

INJECTION_LABEL = "istio-injection"
"""Of a namespace: whether the default injector adds sidecars to its pods, `enabled` or `disabled`."""
REVISION_LABEL = "istio.io/rev"
"""Of a namespace or a pod: the control plane that injects the sidecar. Of a webhook: the one that owns it."""
AMBIENT_LABEL = "istio.io/dataplane-mode"
"""Of a namespace: `ambient` for Istio's mode without sidecars."""
INJECT = "sidecar.istio.io/inject"
"""Label, or older annotation, of a pod: `true` or `false` overrides the namespace."""
NATIVE_SIDECAR = "sidecar.istio.io/nativeSidecar"
"""Annotation of a pod: `false` makes its proxy a container rather than a native sidecar."""
TEMPLATES = "inject.istio.io/templates"
GRPC_AGENT = "grpc-agent"
"""The template without Envoy: an agent passes the control plane's answers on to gRPC clients."""
XDS_BOOTSTRAP = "GRPC_XDS_BOOTSTRAP"
"""The variable that names a gRPC client's bootstrap file for xDS:
https://github.com/grpc/grpc/blob/master/doc/environment_variables.md"""
"""Annotation of a pod: what the injector adds in place of the sidecar, such as `grpc-agent`."""
PROXY_CONFIG = "proxy.istio.io/config"
"""Annotation of a pod: settings of its proxy or agent, as YAML."""
SIDECAR_STATUS = "sidecar.istio.io/status"
"""Annotation of a pod: what was injected, as JSON."""
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
TLS_MODE = "security.istio.io/tlsMode"

WEBHOOK_SUFFIX = "sidecar-injector.istio.io"
"""How the name of every injector's webhook ends."""
PROXY_CONTAINER = "istio-proxy"
INJECTED_CONTAINERS = {PROXY_CONTAINER, "istio-init", "istio-validation"}
