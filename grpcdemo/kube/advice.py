"""The messages for each trouble, and the advice: the only place that words them."""

from __future__ import annotations

from collections.abc import Sequence

from grpcdemo.errors import Hint, Kubectl
from grpcdemo.kube.messages import NodeProblem, Refusal, Refuser
from grpcdemo.kube.trouble import (
    Blocker,
    CannotCreatePods,
    CannotPullImage,
    CannotStart,
    Condition,
    CrashLoop,
    Failed,
    Finalizer,
    FinalizerInside,
    Gap,
    Missing,
    NoDemo,
    NodeUnreachable,
    NotReady,
    Paused,
    PodTrouble,
    Remaining,
    ScaledToZero,
    ScaleUp,
    SilentApi,
    Terminating,
    Trouble,
    Undeleted,
    Unschedulable,
)
from grpcdemo.manifests.images import pull_hint
from grpcdemo.manifests.local_clusters import LocalCluster
from grpcdemo.resources.istio import WEBHOOK_SUFFIX
from grpcdemo.resources.resource import BY_QUALIFIED, Resource

WEBHOOKS = Kubectl("get", "validatingwebhookconfigurations,mutatingwebhookconfigurations")
COMPLY = "ask its owner to exempt the demo, or choose a namespace that it does not apply to with --namespace"
PROXY_RESOURCES = ", for Istio's proxy with Istio's value global.proxy.resources"


def describe(trouble: Trouble) -> str:
    match trouble:
        case Paused(deployment):
            return f"Deployment {deployment.name} is paused: it does not roll out"
        case CannotCreatePods(replica_set, message):
            return f"cannot create pods for {replica_set}: {message}"
        case Terminating():
            return f"{describe_terminating(trouble)} is terminating"
        case _:
            return _describe_pod(trouble)


def _describe_pod(trouble: PodTrouble | NodeUnreachable | NotReady) -> str:
    match trouble:
        case Unschedulable():
            return _describe_unschedulable(trouble)
        case CannotPullImage(pod, image, message):
            return f"pod {pod.name} cannot pull image {image}: {message}"
        case CannotStart(pod, container, message):
            return f"container {container} of pod {pod.name} cannot start: {message}"
        case CrashLoop(pod, container):
            log = f"; last log lines: {' | '.join(trouble.last_lines)}" if trouble.last_lines else ""
            return f"container {container} of pod {pod.name} is in a crash loop ({_describe_crash(trouble)}){log}"
        case Failed(pod, message):
            return f"pod {pod.name} failed: {message}"
        case NodeUnreachable(pod):
            return f"pod {pod.name} is on an unreachable node"
        case NotReady(pod, reason, message):
            return ": ".join(filter(None, (f"pod {pod.name} is not ready", reason, message)))


def _describe_unschedulable(trouble: Unschedulable) -> str:
    autoscaler = f"; the autoscaler: {trouble.scale_up.message}" if trouble.scale_up else ""
    return f"pod {trouble.pod.name} is unschedulable: {trouble.message}{autoscaler}"


def _describe_crash(crash: CrashLoop) -> str:
    reason = "" if crash.reason == "Error" else crash.reason
    exit_code = "unknown" if crash.exit_code is None else crash.exit_code
    parts = (": ".join(filter(None, (reason, crash.message))), f"exit code {exit_code}", f"{crash.restarts} restarts")
    return ", ".join(filter(None, parts))


def describe_terminating(terminating: Terminating) -> str:
    """The object and, in parentheses, what blocks it."""
    blockers = "; ".join(map(_describe_blocker, terminating.blockers))
    return f"{terminating.reference} ({blockers})" if blockers else str(terminating.reference)


def _describe_blocker(blocker: Blocker) -> str:
    match blocker:
        case Finalizer(name):
            return f"finalizer {name}"
        case Remaining(resource, count):
            return _describe_remaining(BY_QUALIFIED.get(resource), resource, count)
        case FinalizerInside(name, count):
            return f"{count} {'object has' if count == 1 else 'objects have'} the finalizer {name}"
        case SilentApi(group_version):
            return f"the API {group_version} does not answer"
        case Undeleted(message):
            return f"cannot delete everything: {message}"
        case Condition(message=message):
            return message


def _describe_remaining(known: Resource | None, name: str, count: int) -> str:
    """Only of a resource that we know is there a word for one object."""
    if count == 1:
        return f"1 {known.singular} remains" if known else f"1 of {name} remains"
    return f"{count} {known.plural if known else name} remain"


def describe_gap(gap: Gap) -> str:
    match gap:
        case NoDemo(namespace, exists=True):
            return f"there is no demo in namespace {namespace}"
        case NoDemo(namespace):
            return f"there is no demo: namespace {namespace} does not exist"
        case Missing(reference):
            return f"there is no {reference.resource.kind} {reference.name} in namespace {reference.namespace}"
        case ScaledToZero(reference):
            return f"Deployment {reference.name} is scaled to 0: it has no pods"


def advise_on_gap(gap: Gap) -> Hint:
    match gap:
        case NoDemo():
            return Hint("deploy it with `grpcdemo up`")
        case Missing():
            return Hint("`grpcdemo up` creates it")
        case ScaledToZero(reference):
            scale = Kubectl("scale", str(reference), "--replicas", "1", namespace=reference.namespace)
            return Hint("scale it up with ", scale, ", or with `grpcdemo up`")


def advise(trouble: Trouble, cluster: LocalCluster | None = None) -> Hint | str | None:
    """What helps against *trouble* in *cluster*, or in one that is not on this machine, if we know."""
    match trouble:
        case Paused(deployment):
            return Hint(
                "resume it with ", Kubectl("rollout", "resume", str(deployment), namespace=deployment.namespace)
            )
        case CannotCreatePods(replica_set, refusal=refusal):
            return advise_on_refusal(refusal, replica_set.namespace)
        case Unschedulable(scale_up=ScaleUp(is_coming=True)):
            return "the autoscaler is adding a node: wait longer with --timeout"
        case Unschedulable(problem=problem):
            return _advise_on_nodes(problem)
        case CannotPullImage(image=image):
            return pull_hint(image, cluster)
        case CrashLoop(pod, container):
            logs = Kubectl("logs", pod.name, "--container", container, "--previous", namespace=pod.namespace)
            return Hint("see ", logs)
        case _:
            return None


def _advise_on_nodes(problem: NodeProblem | None) -> Hint | str:
    match problem:
        case NodeProblem.NOT_READY:
            return Hint("a node is not ready: see ", Kubectl("get", "nodes"))
        case NodeProblem.CORDONED:
            return Hint("a node is cordoned: see ", Kubectl("get", "nodes"), ", and `kubectl uncordon NODE`")
        case NodeProblem.TAINTED:
            taints = Kubectl("get", "nodes", "--output", "custom-columns=NAME:.metadata.name,TAINTS:.spec.taints")
            return Hint("the pods tolerate no taints: remove one, or add an untainted node; see ", taints)
        case NodeProblem.UNMATCHED:
            return Hint("no node has the labels that the pods select: see ", Kubectl("get", "nodes", "--show-labels"))
        case _:
            return (
                "free or add resources, or request less with `up --servers N` or `up --resources requests.cpu=QUANTITY`"
            )


def advise_on_termination(terminating: Sequence[Terminating]) -> Hint:
    """What helps where these are still there: look at the first that has a finalizer, or at the first."""
    if any(one.has_silent_api for one in terminating):
        return Hint(
            "the namespace is deleted once that API answers again or its APIService is deleted: see ",
            Kubectl("get", "apiservices"),
        )
    stuck = next((one for one in terminating if one.has_finalizer), terminating[0])
    look = Kubectl("get", str(stuck.reference), "--output", "yaml", namespace=stuck.reference.namespace)
    if stuck.has_finalizer:
        return Hint("the controller that set the finalizer must remove it: start that controller, or see ", look)
    return Hint("see ", look, ", or wait again with `grpcdemo cleanup`")


def advise_on_refusal(refusal: Refusal | None, namespace: str | None) -> Hint | str | None:
    """What helps when the cluster refuses an object in *namespace*, if we know."""
    match refusal:
        case Refusal(Refuser.QUOTA):
            return (
                "a restart needs old and new pods at once: raise the ResourceQuota, or use `up --servers N` "
                "or `up --resources`"
            )
        case Refusal(Refuser.STRICT_QUOTA, name):
            quota = Kubectl("describe", "resourcequota", name, namespace=namespace)
            defaults = f"give it defaults with a LimitRange{PROXY_RESOURCES}"
            return Hint(f"an injected container lacks what the quota requires: {defaults}; see ", quota)
        case Refusal(Refuser.LIMIT_RANGE):
            ranges = Kubectl("describe", "limitranges", namespace=namespace)
            return Hint(f"set values that the LimitRange allows with `up --resources`{PROXY_RESOURCES}; see ", ranges)
        case Refusal(Refuser.POD_SECURITY):
            return (
                "Istio's init container needs NET_ADMIN: install Istio's CNI plugin, or relax the namespace's "
                "pod-security.kubernetes.io/enforce label"
            )
        case Refusal(Refuser.SECURITY_CONTEXT, name):
            return (
                f"the namespace's ServiceAccount `default` may use no {name} that admits the pod: the demo runs under "
                "the most restricted one, Istio's init container does not without Istio's CNI plugin"
            )
        case Refusal(Refuser.WEBHOOK | Refuser.UNREACHABLE_WEBHOOK | Refuser.NO_DRY_RUN):
            return _advise_on_webhook(refusal)
        case Refusal(Refuser.POLICY, name):
            policies = Kubectl("get", "validatingadmissionpolicies,mutatingadmissionpolicies")
            return Hint(f"{name} is an admission policy of this cluster: {COMPLY}; find it with ", policies)
        case _:
            return None


def _advise_on_webhook(refusal: Refusal) -> Hint:
    match refusal:
        case Refusal(Refuser.UNREACHABLE_WEBHOOK, name) if name.endswith(WEBHOOK_SUFFIX):
            pods = Kubectl("get", "pods", namespace="istio-system")
            return Hint(
                "Istio's injector is unreachable: see ", pods, ", and whether the API server can reach it (port 15017)"
            )
        case Refusal(Refuser.UNREACHABLE_WEBHOOK, name):
            return Hint(f"webhook {name} is unreachable: find its Service with ", WEBHOOKS)
        case Refusal(Refuser.NO_DRY_RUN, name):
            return Hint(f"webhook {name} has side effects: omit --dry-run, or find it with ", WEBHOOKS)
        case Refusal(name=name):
            return Hint(f"webhook {name} enforces a policy of this cluster: {COMPLY}; find it with ", WEBHOOKS)
