"""Do the servers reject the client?"""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.mesh.destination_rules import policies
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import PEER_AUTHENTICATIONS

STRICT, DISABLE, ISTIO_MUTUAL = "STRICT", "DISABLE", "ISTIO_MUTUAL"


def strict_mtls(scene: Scene) -> Findings:
    """It makes calls without a sidecar fail: that is no pinning, but it looks like a broken mesh."""
    outside = scene.callers_with(Proxy.NONE)
    if scene.client is None or not outside:
        return
    meshed = [pod for pod in scene.servers if scene.proxy_of(pod) in (Proxy.SIDECAR, Proxy.AMBIENT)]
    for pod in meshed[:1]:
        policy = _policy(scene, pod)
        if policy and _mode(scene, policy) == STRICT:
            yield Finding(
                "strict-mtls",
                Severity.ERRORS,
                f"the servers accept only mutual TLS, and {scene.client.reference.singular} has no sidecar: calls fail",
                (field(PEER_AUTHENTICATIONS, policy, "spec.mtls.mode", STRICT),),
                Remedy(note="give the client a sidecar"),
            )


def mtls_mismatch(scene: Scene) -> Findings:
    """What the client's sidecar speaks, by a DestinationRule, and what the servers take."""
    if not scene.callers_with(Proxy.SIDECAR) or not scene.servers:
        return
    for policy in policies(scene):
        mode = (policy.fields.get("tls") or {}).get("mode")
        meshed = [pod for pod in scene.servers if scene.proxy_of(pod) in (Proxy.SIDECAR, Proxy.AMBIENT)]
        if mode == DISABLE and any((own := _policy(scene, pod)) and _mode(scene, own) == STRICT for pod in meshed):
            problem, wanted = "disables mutual TLS, but the servers accept nothing else", ISTIO_MUTUAL
        elif mode == ISTIO_MUTUAL and len(meshed) < len(scene.servers):
            problem, wanted = "requires mutual TLS, but not all servers have a sidecar", DISABLE
        else:
            continue
        yield Finding(
            "mtls-mismatch",
            Severity.ERRORS,
            f"a DestinationRule {problem}: calls fail",
            (policy.evidence("tls"),),
            run(policy.set("tls", {"mode": wanted})),
        )


def speaks_mutual_tls(scene: Scene, pod: Object) -> bool:
    """Whether a sidecar of the client does, to a server *pod* with one: so it is unless somebody says otherwise."""
    if not scene.callers_with(Proxy.SIDECAR):
        return False
    modes = {mode for policy in policies(scene) if (mode := (policy.fields.get("tls") or {}).get("mode"))}
    own = _policy(scene, pod)
    return ISTIO_MUTUAL in modes if modes else not own or _mode(scene, own) != DISABLE


def _policy(scene: Scene, pod: Object) -> Object | None:
    """The nearest: for the pod, for its namespace, for the mesh. Raises Unreadable."""
    own = scene.inventory.read(PEER_AUTHENTICATIONS, scene.namespace)
    for policy in own:
        labels = (policy["spec"].get("selector") or {}).get("matchLabels") or {}
        if labels and labels.items() <= labels_of(pod).items():
            return policy
    for policy in (*own, *scene.inventory.read(PEER_AUTHENTICATIONS, ROOT_NAMESPACE)):
        if not policy["spec"].get("selector"):
            return policy
    return None


def _mode(scene: Scene, policy: Object) -> str:
    by_port = policy["spec"].get("portLevelMtls") or {}
    for port in scene.target_ports:
        if settings := by_port.get(str(port)) or by_port.get(port):
            return str(settings.get("mode"))
    return str((policy["spec"].get("mtls") or {}).get("mode"))
