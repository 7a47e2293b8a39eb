"""A webhook that denies every new pod of one namespace, as a policy engine does: a pod, a Service, a configuration."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

import trustme

from grpcdemo.manifests.images import SERVER_IMAGE, image_reference
from tests.contract.tools import Demo, kubectl, new_demo

from .admission import wait_for_admission

SERVER = """
import http.server, json, os, ssl

class Refuse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": asked["request"]["uid"], "allowed": False, "status": {"message": os.environ["MESSAGE"]}}
        body = json.dumps({"apiVersion": asked["apiVersion"], "kind": asked["kind"], "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.pem")
server = http.server.ThreadingHTTPServer(("", 8443), Refuse)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@contextmanager
def refusing_webhook(demo: Demo, name: str, message: str) -> Iterator[None]:
    """Pods of *demo* are refused with *message*."""
    with new_demo() as engine:
        kubectl("create", "namespace", engine.namespace)
        authority = trustme.CA()
        certificate = authority.issue_cert(f"webhook.{engine.namespace}.svc")
        pem = certificate.private_key_and_cert_chain_pem.bytes().decode()
        engine.kubectl("create", "configmap", "tls", f"--from-literal=tls.pem={pem}")
        engine.kubectl("create", "-f", "-", stdin=json.dumps(_pod(message)))
        engine.kubectl("expose", "pod", "webhook", "--port=443", "--target-port=8443")
        engine.kubectl("wait", "--for=condition=Ready", "pod/webhook", "--timeout=120s")
        configuration = _configuration(demo, engine, name, authority.cert_pem.bytes())
        kubectl("create", "-f", "-", stdin=json.dumps(configuration))
        try:
            wait_for_admission(demo.namespace, f'admission webhook "{name}" denied the request')
            yield
        finally:
            kubectl("delete", "validatingwebhookconfigurations", demo.namespace)


def _pod(message: str) -> dict[str, object]:
    container = {
        "name": "webhook",
        "image": image_reference(SERVER_IMAGE),
        "command": ["python3", "-c", SERVER],
        "env": [{"name": "MESSAGE", "value": message}],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
    }
    spec = {"containers": [container], "volumes": [{"name": "tls", "configMap": {"name": "tls"}}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "webhook", "labels": {"app": "webhook"}},
        "spec": spec,
    }


def _configuration(demo: Demo, engine: Demo, name: str, authority: bytes) -> dict[str, object]:
    webhook = {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {
            "service": {"namespace": engine.namespace, "name": "webhook"},
            "caBundle": base64.b64encode(authority).decode(),
        },
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": demo.namespace}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": demo.namespace},
        "webhooks": [webhook],
    }
