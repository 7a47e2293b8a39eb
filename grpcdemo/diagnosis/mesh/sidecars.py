"""Why a pod has no sidecar, and the commands that give it one."""

from __future__ import annotations

from enum import Enum, auto

from grpcdemo.diagnosis.finding import Remedy, run, strategic_patch
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.injectors import changed, injecting, label_choices
from grpcdemo.resources.istio import INJECT, INJECTION_LABEL, REVISION_LABEL
from grpcdemo.resources.objects import Object, annotations_of, labels_of
from grpcdemo.resources.resource import DAEMON_SETS, DEPLOYMENTS, STATEFUL_SETS

RESTARTABLE = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)
PATIENCE = "--timeout=5m"


class Why(Enum):
    """Why Istio's injector left a pod alone."""

    HOST_NETWORK = auto()
    OPTED_OUT = auto()
    NO_INJECTOR = auto()
    """The namespace or the pod asks for a sidecar, and no injector answers to what it asks for."""
    NOT_RESTARTED = auto()
    """A new pod would get one."""
    NOT_ASKED = auto()


def why_no_sidecar(scene: Scene, pod: Object) -> Why:
    """Of a pod without a proxy."""
    namespace, labels = scene.namespace_labels(pod["metadata"]["namespace"]), labels_of(pod)
    if pod["spec"].get("hostNetwork"):
        return Why.HOST_NETWORK
    if opts_out(pod):
        return Why.OPTED_OUT
    asked = asks(namespace, labels)
    if scene.injectors is None:
        return Why.NOT_RESTARTED if asked else Why.NOT_ASKED
    if injecting(scene.injectors, namespace, labels):
        return Why.NOT_RESTARTED
    return Why.NO_INJECTOR if asked else Why.NOT_ASKED


def opts_out(pod: Object) -> bool:
    """The label wins over the older annotation."""
    return labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT)) == "false"


def asks(namespace: dict[str, str], pod: dict[str, str]) -> bool:
    if INJECTION_LABEL in namespace:
        return namespace[INJECTION_LABEL] == "enabled"
    return REVISION_LABEL in namespace or REVISION_LABEL in pod or pod.get(INJECT) == "true"


def inject_namespace(scene: Scene, client: Client) -> Remedy:
    """Label the client's namespace as an injector selects it, and restart the client."""
    namespace = scene.namespace_labels(client.namespace)
    pod = labels_of(client.pods[0]) if client.pods else {}
    choices = label_choices(scene.injectors or [])
    change = next(
        (one for one in choices if injecting(scene.injectors or [], changed(namespace, one), pod)), choices[0]
    )
    words = [f"{key}={value}" if value else f"{key}-" for key, value in change.items() if value or key in namespace]
    return restarted(client, Kubectl("label", "namespace", client.namespace, *words, "--overwrite"))


def opt_in(client: Client) -> Remedy:
    """Let the client's own template ask for a sidecar; a change of the template restarts it."""
    metadata: Object = {"labels": {INJECT: "true"}}
    if any(INJECT in annotations_of(pod) for pod in client.pods):
        metadata["annotations"] = {INJECT: None}
    return patched(client, {"metadata": metadata})


def restarted(client: Client, *before: Kubectl, note: str = "") -> Remedy:
    """The commands *before*, then new pods of the client."""
    if client.reference.resource not in RESTARTABLE:
        return run(*before, note=note or f"recreate {client.reference.singular}")
    name, namespace = client.reference.singular, client.namespace
    restart = Kubectl("rollout", "restart", name, namespace=namespace)
    return run(*before, restart, _rolled_out(client), note=note)


def reconnected(scene: Scene, change: Kubectl, note: str = "") -> Remedy:
    """A *change* that only new connections follow: a client keeps the one that it has until it restarts."""
    if scene.client is None:
        return run(
            change, note=f"{note + '; ' if note else ''}then restart the clients: open connections do not change"
        )
    return restarted(scene.client, change, note=note)


def patched(client: Client, template: Object, note: str = "") -> Remedy:
    """A change of the client's pod template, which makes new pods of it."""
    if client.reference.resource not in RESTARTABLE:
        return run(note=note or f"recreate {client.reference.singular} without it")
    patch = strategic_patch(client.reference, {"spec": {"template": template}})
    return run(patch, _rolled_out(client), note=note)


def _rolled_out(client: Client) -> Kubectl:
    return Kubectl("rollout", "status", client.reference.singular, PATIENCE, namespace=client.namespace)
