"""The demo's manifests with what a cure changes in them.

The server and the client are other programs of the same images (`grpcdemo.workload.cures`): they take more options, and
log how many connections they have.
"""

from __future__ import annotations

from collections.abc import Mapping

from grpcdemo.cures.cure import CureValues
from grpcdemo.manifests.render import build_objects
from grpcdemo.model.pods import SERVER_APP
from grpcdemo.resources.objects import Object, copy_json
from grpcdemo.resources.resource import HEADLESS

PORT = 50051
SERVER_HEALTH_PORT = 50052
"""A port of its own for probes, so that each connection to the service's port is a client's."""
HTTP_PORT = 50053
CRASH_PORT = 50054
"""Open to the pod itself alone: any request to it ends the server."""
HEADLESS_SERVICE = f"{SERVER_APP}-headless"

Env = Mapping[str, str]

AGE_S = 5.0
"""Short, so that one look at a minute sees many connections come and go. In production, it is minutes."""
CHANNELS = 8
ROUND_ROBIN: Env = {"POLICY": "round_robin"}
AGE_LIMIT: Env = {"MAX_CONNECTION_AGE": f"{AGE_S:g}", "MAX_CONNECTION_AGE_GRACE": f"{AGE_S:g}"}
POOL: Env = {"CHANNELS": f"{CHANNELS}"}


def build_demo(
    values: CureValues, *, client: Env | None = None, server: Env | None = None, headless: bool = False
) -> list[Object]:
    """The Services and the Deployments, with the options of *client* and *server*.

    *headless* adds a headless Service, which the client calls.
    """
    service, server_deployment, client_deployment = build_objects(values.demo)
    run_program(server_deployment, "server", server or {})
    _probe(server_deployment, SERVER_HEALTH_PORT)
    target = {"TARGET": f"dns:///{HEADLESS_SERVICE}:{PORT}"} if headless else {}
    run_program(client_deployment, "client", {**target, **(client or {})})
    services = [service, build_headless(service)] if headless else [service]
    return [*services, server_deployment, client_deployment]


def build_headless(service: Object) -> Object:
    """A headless twin of *service*: its name resolves to the addresses of the pods."""
    twin = copy_json(service)
    twin["metadata"]["name"] = HEADLESS_SERVICE
    twin["spec"]["clusterIP"] = HEADLESS
    return twin


def build_http1(values: CureValues, client: Env | None = None) -> list[Object]:
    """The same over HTTP/1.1, which has a port of its own in the Service."""
    target = {"PROTOCOL": "http1", "TARGET": f"dns:///{SERVER_APP}:{HTTP_PORT}"}
    service, *deployments = build_demo(values, client={**target, **(client or {})})
    http = {"name": "http", "port": HTTP_PORT, "targetPort": HTTP_PORT, "appProtocol": "http"}
    service["spec"]["ports"].append(http)
    return [service, *deployments]


def run_program(deployment: Object, program: str, env: Env) -> None:
    """Run the *program* of `grpcdemo.workload.cures` in place of the image's own, with *env* added."""
    container = _container(deployment)
    container["command"] = ["python3", "-m", f"grpcdemo.workload.cures.{program}"]
    kept = [variable for variable in container.get("env") or [] if variable["name"] not in env]
    container["env"] = [*kept, *({"name": name, "value": value} for name, value in env.items())]


def _probe(deployment: Object, port: int) -> None:
    """Let the probes of the container ask *port*."""
    container = _container(deployment)
    for probe in (container["readinessProbe"], container["livenessProbe"]):
        for kind in ("grpc", "tcpSocket"):
            if kind in probe:
                probe[kind]["port"] = port


def _container(deployment: Object) -> Object:
    container: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return container
