"""A proxy in the middle: one more Deployment, an Envoy that takes connections and balances the requests in them.

It resolves a headless Service every five seconds, Envoy's default. Its configuration is an argument, so there is no
ConfigMap, and the image may be any that has an `envoy`: by default the mesh's.
"""

from __future__ import annotations

import json
from typing import Any

from grpcdemo.cures.cure import Change, Cure, CureValues, Need
from grpcdemo.cures.objects import HEADLESS_SERVICE, PORT, build_demo, build_headless
from grpcdemo.manifests.compute import quantities
from grpcdemo.resources.istio import PROXY_USER
from grpcdemo.resources.labels import APP_NAME
from grpcdemo.resources.objects import Object, copy_json

PROXY_APP = "grpc-proxy"
TYPE = "type.googleapis.com/envoy"


def build(values: CureValues) -> list[Object]:
    """The client calls the proxy's Service, and the proxy the servers."""
    client = {"TARGET": f"dns:///{PROXY_APP}:{PORT}"}
    service, server, client_deployment = build_demo(values, client=client)
    proxy_service = _rename(service)
    return [service, build_headless(service), proxy_service, server, build_proxy(server, values), client_deployment]


def build_proxy(server: Object, values: CureValues) -> Object:
    """The Deployment of the proxy: one pod, with what the *server*'s has around its container."""
    proxy = _rename(server)
    proxy["spec"]["replicas"] = 1
    template = proxy["spec"]["template"]
    template["metadata"]["labels"]["app"] = PROXY_APP
    template["spec"]["securityContext"]["runAsUser"] = PROXY_USER
    config = json.dumps(build_config(f"{HEADLESS_SERVICE}.{values.demo.namespace}.svc"))
    (container,) = template["spec"]["containers"]
    template["spec"]["containers"] = [
        {
            "name": PROXY_APP,
            "image": values.proxy_image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["envoy", "--config-yaml", config],
            "args": ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"],
            "ports": container["ports"],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
            "resources": {field: quantities(field, values.demo.resources) for field in ("requests", "limits")},
            "securityContext": container["securityContext"],
        }
    ]
    return proxy


def build_config(server: str) -> dict[str, Any]:
    """Envoy's: HTTP/2 from any client, balanced over the addresses of the name *server*."""
    manager = {
        "@type": f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "grpc",
        "codec_type": "HTTP2",
        "route_config": {
            "virtual_hosts": [
                {"name": "grpc", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "grpc"}}]}
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{TYPE}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    listener = {
        "name": "grpc",
        "address": _address("$(POD_IP)", PORT),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    http2 = {
        "@type": f"{TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    cluster = {
        "name": "grpc",
        "type": "STRICT_DNS",
        "load_assignment": {
            "cluster_name": "grpc",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(server, PORT)}}]}],
        },
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _rename(obj: Object) -> Object:
    """A copy of a Service or a Deployment for the proxy: another name, and labels of its own."""
    copied = copy_json(obj)
    metadata, spec = copied["metadata"], copied["spec"]
    metadata["name"] = PROXY_APP
    selecting = (spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]) if "template" in spec else ()
    for labels in (metadata["labels"], *(selecting or (spec["selector"],))):
        labels[APP_NAME] = PROXY_APP
    return copied


CURE = Cure(
    name="envoy",
    summary="a separate Envoy that balances over a headless Service",
    changes=frozenset({Change.CLUSTER}),
    build=build,
    needs=frozenset({Need.PROXY_IMAGE}),
)
