"""Adds the probe to the server pods of a Service, if nothing else counts their requests.

It is the only thing with which a diagnosis changes anything, and it cannot be undone: an ephemeral container ends, but
stays in its pod's spec until the pod is deleted. So the user agrees first, and what would fail is found before.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import ApiError, Forbidden, GrpcdemoError, Hint, Kubectl, NotFound, Rejected
from grpcdemo.kube.advice import advise, describe
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.local_cluster import find_local_cluster
from grpcdemo.kube.streams.logs import ContainerRef, last_lines
from grpcdemo.kube.symptoms import container_trouble
from grpcdemo.kube.trouble import may_pass
from grpcdemo.manifests.images import SERVER_IMAGE, image_reference
from grpcdemo.model.progress import Reporter, Waiting
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_running
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.polls import MOST_PODS
from grpcdemo.workload.probe import EVERY_S

COMMAND = ("python3", "-m", "grpcdemo.workload.probe")
SUBRESOURCE = "ephemeralcontainers"
TAKING = {
    Proxy.SIDECAR: "envoy, or --source istio",
    Proxy.LINKERD: "linkerd",
}
"""The proxies that are connected to a pod's callers in its place, and the `--source` that asks them."""
NOBODY = 65532
"""A user that is not root, for a pod that does not say which number its own program has."""
START_S = 60.0
LOOK_S = 0.2
"""Between two looks at what has not started."""


@dataclass(frozen=True)
class ProbePlan:
    """Which pods get which container."""

    pods: Sequence[Object]
    all_pods: int
    """How many servers there are."""
    image: str
    port: int
    seconds: float
    """How long it counts."""
    container: str
    """Its name, which no earlier one has."""
    start_s: float
    """How long pulling the image and starting may take."""

    @property
    def names(self) -> list[str]:
        return [str(pod["metadata"]["name"]) for pod in self.pods]

    @property
    def containers(self) -> dict[str, str]:
        """By the pod's UID."""
        return {str(pod["metadata"]["uid"]): self.container for pod in self.pods}


Agree = Callable[[ProbePlan], Awaitable[None]]
"""Says what is planned, and asks; raises GrpcdemoError if the answer is no."""


async def plan_probes(api: Api, scene: Scene, seconds: float, image_prefix: str | None, start_s: float) -> ProbePlan:
    """To count for *seconds*. Raises GrpcdemoError if the servers cannot be probed, or if this user may not."""
    try:
        servers = [pod for pod in scene.servers if is_running(pod)]
    except Unreadable as error:
        raise _forbidden(error.right) from error
    if not servers:
        raise GrpcdemoError("no server pod is running, so there is nothing to probe")
    for pod in servers:
        if source := TAKING.get(proxy := scene.proxy_of(pod)):
            raise GrpcdemoError(
                f"{proxy.value} accepts the connections to pod {pod['metadata']['name']}, "
                "so a probe there would not see its callers",
                hint=f"omit --probe, or read the proxies with --source {source}",
            )
    await _require_rights(api, scene.namespace)
    return ProbePlan(
        servers[:MOST_PODS],
        len(servers),
        image_reference(SERVER_IMAGE, image_prefix),
        _target_port(scene),
        seconds + start_s,
        f"grpcdemo-probe-{secrets.token_hex(3)}",
        start_s,
    )


async def start_probes(api: Api, plan: ProbePlan, report: Reporter) -> None:
    """Add the container to each pod, and wait until all of them run. Raises GrpcdemoError."""
    for pod in plan.pods:
        await _add(api, pod, _build_container(pod, plan))
    report(Waiting(f"the probe to start in {len(plan.pods)} pods"))
    clock = asyncio.get_running_loop().time
    until, starting = clock() + plan.start_s, [*plan.pods]
    while True:
        is_late = clock() > until
        starting = [pod for pod in starting if await _is_starting(api, pod, plan, is_late=is_late)]
        if not starting:
            return
        await asyncio.sleep(LOOK_S)


async def _require_rights(api: Api, namespace: str) -> None:
    """Raises Forbidden with the first right that this user lacks."""
    verbs = {SUBRESOURCE: "patch", "log": "get"}
    needed = [Right(verb, PODS, namespace, subresource=subresource) for subresource, verb in verbs.items()]
    allowed = await asyncio.gather(*map(api.may, needed))
    for right, is_allowed in zip(needed, allowed, strict=True):
        if not is_allowed:
            raise _forbidden(right)


def _forbidden(right: Right) -> Forbidden:
    return Forbidden(
        f"--probe needs a permission that this user lacks: {right}",
        hint=Hint("check with ", right.can_i, ", ask for the permission, or use another source with --source"),
    )


def _target_port(scene: Scene) -> int:
    """Raises GrpcdemoError if the pods have different ones."""
    if len(scene.target_ports) != 1:
        listed = ", ".join(map(str, sorted(scene.target_ports))) or "none"
        raise GrpcdemoError(f"a probe watches one port, but the ready pods of the Service use several: {listed}")
    (port,) = scene.target_ports
    return port


def _build_container(pod: Object, plan: ProbePlan) -> Object:
    """One that Pod Security admits at its level `restricted`."""
    return {
        "name": plan.container,
        "image": plan.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*COMMAND],
        "env": [
            {"name": "PORT", "value": str(plan.port)},
            {"name": "READS", "value": str(round(plan.seconds / EVERY_S))},
        ],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _user_of(pod),
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _user_of(pod: Object) -> int:
    """The number that the pod's own program has, which a cluster may have chosen, unless it is root's."""
    spec = pod["spec"]
    contexts = [one.get("securityContext") or {} for one in (*spec["containers"], spec)]
    return next((user for context in contexts if (user := context.get("runAsUser"))), NOBODY)


async def _add(api: Api, pod: Object, container: Object) -> None:
    metadata = pod["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    try:
        await api.add_ephemeral_container(name, container, uid=metadata["uid"], namespace=namespace)
    except NotFound as error:
        if await api.find(PODS, name, namespace=namespace) is None:
            raise
        raise GrpcdemoError(
            f"this cluster has no ephemeral containers ({await api.git_version()})",
            hint="Kubernetes has them since 1.25, and as a beta since 1.23; use another source with --source",
        ) from error
    except Rejected as error:
        raise GrpcdemoError(error.message, hint=_advise_on_refusal(pod, error)) from error


def _advise_on_refusal(pod: Object, error: ApiError) -> Hint | str | None:
    """An admission plugin looks at the whole pod, with the ephemeral containers that others have added earlier."""
    metadata, spec = pod["metadata"], pod["spec"]
    earlier = [str(each["name"]) for each in spec.get("ephemeralContainers") or []]
    if bad := next((name for name in earlier if f'"{name}"' in error.message), None):
        delete = Kubectl("delete", "pod", metadata["name"], namespace=metadata["namespace"])
        return Hint(f"{bad} is an earlier ephemeral container, which can only be removed with its pod: ", delete)
    return "the policy judges the whole pod, not only the probe, whose securityContext meets the level `restricted`"


async def _is_starting(api: Api, pod: Object, plan: ProbePlan, *, is_late: bool) -> bool:
    """False once the probe runs, or its pod is gone. Raises GrpcdemoError if it cannot run, or *is_late*."""
    metadata = pod["metadata"]
    now = await api.find(PODS, metadata["name"], namespace=metadata["namespace"])
    if now is None or now["metadata"]["uid"] != metadata["uid"]:
        return False
    statuses = (now.get("status") or {}).get("ephemeralContainerStatuses") or []
    status: Object = next((one for one in statuses if one["name"] == plan.container), {"name": plan.container})
    trouble = container_trouble(reference_to(PODS, now), status)
    if trouble and (is_late or not may_pass(trouble)):
        raise GrpcdemoError(describe(trouble), hint=advise(trouble, await find_local_cluster(api)))
    state = status.get("state") or {}
    if "terminated" in state:
        container = ContainerRef(metadata["namespace"], metadata["name"], plan.container)
        lines = await last_lines(api, container, count=1)
        raise GrpcdemoError(
            f"the probe in pod {metadata['name']} has ended: "
            + (" ".join(lines) or f"exit code {state['terminated'].get('exitCode')}")
        )
    if is_late and "running" not in state:
        look = Kubectl("describe", "pod", metadata["name"], namespace=metadata["namespace"])
        why = (state.get("waiting") or {}).get("reason", "no status yet")
        raise GrpcdemoError(
            f"the probe in pod {metadata['name']} has not started within {plan.start_s:.0f} s ({why})",
            hint=Hint("its node may still pull the image, or an earlier ephemeral container's: see ", look),
        )
    return "running" not in state
