"""The client has a sidecar, but its calls bypass it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field
from grpcdemo.diagnosis.mesh.sidecars import patched
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.rules.security import speaks_mutual_tls
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.workloads import workload_of
from grpcdemo.resources.istio import PROXY_CONTAINER, PROXY_USER, REDIRECTION
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import PODS

PORTS, RANGES = f"{REDIRECTION}excludeOutboundPorts", f"{REDIRECTION}excludeOutboundIPRanges"
INCLUDED_RANGES, INCLUDED_PORTS = f"{REDIRECTION}includeOutboundIPRanges", f"{REDIRECTION}includeOutboundPorts"
INBOUND_PORTS = f"{REDIRECTION}excludeInboundPorts"
OTHER_USER = 1000


def goes_past_sidecar(scene: Scene) -> bool:
    """Whether the client's sidecar sees none of its calls. Raises Unreadable."""
    return any(True for rule in (calls_excluded_from_sidecar, client_runs_as_proxy) for _ in rule(scene))


def calls_excluded_from_sidecar(scene: Scene) -> Findings:
    """Istio's annotations of the client's pods."""
    for client, pod in _meshed(scene):
        annotations = annotations_of(pod)
        for name, rest in _exclusions(scene, annotations):
            yield Finding(
                "calls-excluded-from-sidecar",
                Severity.PINS,
                f"the calls of {client.reference.singular} bypass its sidecar and go to kube-proxy",
                (field(PODS, pod, f"metadata.annotations.{name}", annotations[name]),),
                patched(client, {"metadata": {"annotations": {name: rest}}}),
            )


def _exclusions(scene: Scene, annotations: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Each annotation that excludes the calls, and what it should be; None if it should go."""
    ports = {str(port) for port in scene.dialed_ports}
    if excluded := ports & {*_words(annotations.get(PORTS, ""))}:
        yield PORTS, _without(annotations[PORTS], excluded)
    if _words(annotations.get(PORTS, "")) == ["*"]:
        yield PORTS, None
    if ranges := {word for word in _words(annotations.get(RANGES, "")) if _holds(word, _addresses(scene))}:
        yield RANGES, _without(annotations[RANGES], ranges)
    included = _words(annotations.get(INCLUDED_RANGES, "*"))
    if "*" not in included and not any(_holds(word, _addresses(scene)) for word in included):
        named = ports & {*_words(annotations.get(INCLUDED_PORTS, ""))}
        if not named:
            yield INCLUDED_RANGES, None


def _addresses(scene: Scene) -> list[str]:
    """What a client connects to."""
    if scene.is_headless:
        return [endpoint.address for endpoint in scene.ready_endpoints]
    return [scene.spec["clusterIP"]] if scene.spec.get("clusterIP") else []


def _holds(network: str, addresses: list[str]) -> bool:
    try:
        return any(ip_address(address) in ip_network(network, strict=False) for address in addresses)
    except ValueError:  # no range: the injector has refused it, or somebody means something else by it
        return False


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _without(text: str, words: set[str]) -> str | None:
    return ",".join(word for word in _words(text) if word not in words) or None


def exclusion_on_the_workload(scene: Scene) -> Findings:
    """The injector reads pods: what stands on a Deployment has no effect."""
    if scene.client is None or scene.client.workload is None:
        return
    for name, value in annotations_of(scene.client.workload).items():
        if name.startswith(REDIRECTION) and scene.client.reference.resource is not PODS:
            yield Finding(
                "exclusion-on-the-workload",
                Severity.OBSCURES,
                f"{name} has no effect on {scene.client.reference.singular}: it must be on the pod template",
                (field(scene.client.reference.resource, scene.client.workload, f"metadata.annotations.{name}", value),),
            )


def server_port_excluded(scene: Scene) -> Findings:
    """The server's sidecar sees nothing of the calls, and so does not decrypt what a client's sidecar has encrypted."""
    ports = {str(port) for port in scene.target_ports}
    for pod in scene.servers:
        value = annotations_of(pod).get(INBOUND_PORTS, "")
        excluded = ports & {*_words(value)}
        if not excluded or scene.proxy_of(pod) is not Proxy.SIDECAR:
            continue
        fails = speaks_mutual_tls(scene, pod)
        effect = "but the client's sidecar uses mutual TLS: calls fail" if fails else "which do not count them"
        yield Finding(
            "server-port-excluded",
            Severity.ERRORS if fails else Severity.OBSCURES,
            f"calls bypass the servers' sidecars, {effect}",
            (field(PODS, pod, f"metadata.annotations.{INBOUND_PORTS}", value),),
            _include(pod, _without(value, excluded)) if fails else Remedy(),
        )
        return


def _include(pod: Object, rest: str | None) -> Remedy:
    """Leave *rest* of the exclusions in the template of a server's pod."""
    workload = Client(workload_of(pod) or reference_to(PODS, pod), None, (pod,))
    return patched(workload, {"metadata": {"annotations": {INBOUND_PORTS: rest}}})


def client_runs_as_proxy(scene: Scene) -> Findings:
    for client, pod in _meshed(scene):
        for path, change in _proxy_users(pod):
            yield Finding(
                "client-runs-as-proxy",
                Severity.PINS,
                f"{client.reference.singular} runs as {PROXY_USER}, the proxy's own ID: its calls bypass the proxy",
                (field(PODS, pod, path, PROXY_USER),),
                patched(client, {"spec": change}, note="choose any other ID that the image can run as"),
            )
            return


def _proxy_users(pod: Object) -> Iterator[tuple[str, Object]]:
    """Where a container of the application gets the proxy's user or group, and the change that gives another."""
    for name in ("runAsUser", "runAsGroup"):
        if (pod["spec"].get("securityContext") or {}).get(name) == PROXY_USER:
            yield f"spec.securityContext.{name}", {"securityContext": {name: OTHER_USER}}
        for index, container in enumerate(pod["spec"]["containers"]):
            own = (container.get("securityContext") or {}).get(name)
            if container["name"] != PROXY_CONTAINER and own == PROXY_USER:
                change = {"name": container["name"], "securityContext": {name: OTHER_USER}}
                yield f"spec.containers[{index}].securityContext.{name}", {"containers": [change]}


def _meshed(scene: Scene) -> Iterator[tuple[Client, Object]]:
    """The client, and one of its pods with a sidecar: they have one template."""
    if scene.client:
        for pod in scene.callers_with(Proxy.SIDECAR)[:1]:
            yield scene.client, pod


def proxied_by_environment(scene: Scene) -> Findings:
    """gRPC's libraries obey these variables, and call through that proxy."""
    if scene.client is None:
        return
    for pod in scene.callers[:1]:
        for container in pod["spec"]["containers"]:
            values = {entry["name"].lower(): str(entry.get("value", "")) for entry in container.get("env") or []}
            names = [name for name in ("grpc_proxy", "https_proxy", "http_proxy") if values.get(name)]
            if names and not _is_exempt(scene, values.get("no_grpc_proxy") or values.get("no_proxy", "")):
                yield Finding(
                    "proxied-by-environment",
                    Severity.OBSCURES,
                    f"{scene.client.reference.singular} may call through the HTTP proxy in its environment",
                    (field(PODS, pod, f"spec.containers[].env.{names[0]}", "set"),),
                )


def _is_exempt(scene: Scene, no_proxy: str) -> bool:
    """The client may use any of the Service's names."""
    names = [scene.name, f"{scene.name}.{scene.namespace}", f"{scene.name}.{scene.namespace}.svc", scene.host]
    suffixes = [word.lstrip("*").lstrip(".") for word in _words(no_proxy)]
    return "*" in _words(no_proxy) or any(
        name == suffix or name.endswith(f".{suffix}") for name in names for suffix in suffixes if suffix
    )
