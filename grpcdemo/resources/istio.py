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
"""Annotation of a pod: what the injector adds in place of the sidecar, such as `grpc-agent`."""
GRPC_AGENT = "grpc-agent"
"""The template without Envoy: an agent passes the control plane's answers on to gRPC clients."""
XDS_BOOTSTRAP = "GRPC_XDS_BOOTSTRAP"
"""The variable that names a gRPC client's bootstrap file for xDS:
https://github.com/grpc/grpc/blob/master/doc/environment_variables.md"""
PROXY_CONFIG = "proxy.istio.io/config"
"""Annotation of a pod: settings of its proxy or agent, as YAML."""
REDIRECTION = "traffic.sidecar.istio.io/"
"""How the annotations of a pod begin that may lead calls past its sidecar."""
SIDECAR_STATUS = "sidecar.istio.io/status"
"""Annotation of a pod: what was injected, as JSON."""
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
TLS_MODE = "security.istio.io/tlsMode"

WEBHOOK_SUFFIX = "sidecar-injector.istio.io"
"""How the name of every injector's webhook ends."""
PROXY_CONTAINER = "istio-proxy"
ADMIN_PORT = 15000
"""Of its Envoy, open to the pod alone."""
PROXY_USER = 1337
"""As whom it runs, although its image says root: the redirection leaves this user's traffic alone."""
WORKLOAD_NAME = "ISTIO_META_WORKLOAD_NAME"
"""Variable of that container."""
INJECTED_CONTAINERS = {PROXY_CONTAINER, "istio-init", "istio-validation"}
