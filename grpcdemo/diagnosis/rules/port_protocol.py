"""Does the Service's port declare a protocol with requests, so that a sidecar can balance them?"""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field, json_patch, run
from grpcdemo.diagnosis.mesh.protocol import Protocol, declared, is_tls, protocol_of
from grpcdemo.diagnosis.mesh.sidecars import reconnected
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.resource import SERVICE_ENTRIES, SERVICES


def port_declared_as_tcp(scene: Scene) -> Findings:
    if not scene.sidecar_matters or protocol_of(scene.port) is not Protocol.CONNECTIONS:
        return
    secret = is_tls(scene.port)
    effect = "passes TLS through" if secret else "sees bytes"
    yield Finding(
        "port-declared-as-tcp",
        Severity.PINS,
        f"the port is declared as {declared(scene.port) or 'TCP'}: a sidecar {effect}, and balances connections",
        (field(SERVICES, scene.service, *_declaration(scene)),),
        _declare(
            scene,
            "if client and server use TLS themselves, switch them to plaintext first: the mesh encrypts"
            if secret
            else "",
        ),
    )


def port_protocol_sniffed(scene: Scene) -> Findings:
    if not scene.sidecar_matters or protocol_of(scene.port) is not Protocol.SNIFFED:
        return
    yield Finding(
        "port-protocol-sniffed",
        Severity.OBSCURES,
        "the port is not declared as gRPC: a sidecar has to detect it from the first bytes",
        (field(SERVICES, scene.service, *_declaration(scene)),),
        run(_declaration_as_grpc(scene)),
    )


def port_shared_with_other_protocol(scene: Scene) -> Findings:
    """One listener of a sidecar is for all Services of a port without an address of their own."""
    if not scene.sidecar_matters or protocol_of(scene.port) is not Protocol.REQUESTS:
        return
    for entry in scene.inventory.read(SERVICE_ENTRIES, scene.caller_namespace, scene.namespace):
        for port in entry["spec"].get("ports") or []:
            other = {"port": port["number"], "name": port.get("protocol", "")}
            if entry["spec"].get("addresses") or port["number"] != scene.port_number or is_tls(other):
                continue
            if protocol_of(other) is Protocol.CONNECTIONS:
                yield Finding(
                    "port-shared-with-other-protocol",
                    Severity.MAY_PIN,
                    f"a ServiceEntry without addresses declares port {port['number']} as {port['protocol']}",
                    (field(SERVICE_ENTRIES, entry, "spec.ports[].protocol", port["protocol"]),),
                    Remedy(note="give the ServiceEntry addresses, or another port"),
                )


def _declaration(scene: Scene) -> tuple[str, str | None]:
    """Where the protocol is declared, and as what."""
    name = "appProtocol" if scene.port.get("appProtocol") else "name"
    return f"spec.ports[{_index(scene)}].{name}", scene.port.get(name)


def _declare(scene: Scene, note: str) -> Remedy:
    return reconnected(scene, _declaration_as_grpc(scene), note)


def _declaration_as_grpc(scene: Scene) -> Kubectl:
    operation = {"op": "add", "path": f"/spec/ports/{_index(scene)}/appProtocol", "value": "grpc"}
    return json_patch(scene.reference, operation)


def _index(scene: Scene) -> int:
    return int(scene.spec["ports"].index(scene.port))
