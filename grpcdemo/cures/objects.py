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
CRASH_PORT = 50054
"""Open to the pod itself alone: any request to it ends the server."""
HEADLESS_SERVICE = f"{SERVER_APP}-headless"

Env = Mapping[str, str]


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
