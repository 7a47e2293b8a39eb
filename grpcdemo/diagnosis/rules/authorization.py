"""Do AuthorizationPolicies deny every call of the client?

Only what is certain is told. A policy that denies, does so to what matches a rule of it; where policies allow, what no
rule of them matches is denied: https://istio.io/latest/docs/reference/config/security/authorization-policy/. What no
object shows, such as the path of a call or a header, may match.
"""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.resources.istio import REDIRECTION
from grpcdemo.resources.objects import Object, annotations_of, labels_of
from grpcdemo.resources.resource import AUTHORIZATION_POLICIES

DRY_RUN = "istio.io/dry-run"
METHOD = "POST"
"""Of every gRPC call, in HTTP."""


def authorization_denied(scene: Scene) -> Findings:
    """Calls end with PERMISSION_DENIED, which counters take for an answer."""
    for pod in scene.servers if scene.target_ports else ():
        is_judged = scene.proxy_of(pod) is Proxy.SIDECAR and not _may_be_passed(pod)
        findings = [*_denials(scene, pod), *_lacks(scene, pod)] if is_judged else []
        if findings:
            yield findings[0]
            return


def _may_be_passed(pod: Object) -> bool:
    return any(name.startswith(REDIRECTION) for name in annotations_of(pod))


def _denials(scene: Scene, pod: Object) -> Findings:
    """Each policy that denies everything on the port."""
    for policy in _policies(scene, pod, "DENY"):
        for index, rule in enumerate(_rules(policy)):
            if _holds_for_all(scene, rule):
                yield Finding(
                    "authorization-denied",
                    Severity.ERRORS,
                    f"an AuthorizationPolicy denies all calls: {pod['metadata']['name']} ends them with "
                    "PERMISSION_DENIED",
                    (field(AUTHORIZATION_POLICIES, policy, f"spec.rules[{index}]", rule),),
                    Remedy(note="narrow the rule to the calls that it should deny"),
                )


def _lacks(scene: Scene, pod: Object) -> Findings:
    """Policies that allow something else only."""
    allowing = [*_policies(scene, pod, "ALLOW")]
    rules = [rule for policy in allowing for rule in _rules(policy)]
    if not allowing or any(_may_hold(scene, rule) for rule in rules):
        return
    who = scene.client.reference.singular if scene.client and rules else "anybody"
    yield Finding(
        "authorization-denied",
        Severity.ERRORS,
        f"no AuthorizationPolicy allows the calls of {who}: {pod['metadata']['name']} ends them with PERMISSION_DENIED",
        tuple(field(AUTHORIZATION_POLICIES, one, "spec.rules", _rules(one) or None) for one in allowing),
        Remedy(note="allow them in one of the policies, if they should be allowed"),
    )


def _policies(scene: Scene, pod: Object, action: str) -> Iterator[Object]:
    """Those that the *pod*'s sidecar enforces. Raises Unreadable."""
    for namespace in dict.fromkeys((scene.namespace, ROOT_NAMESPACE)):
        for policy in scene.inventory.read(AUTHORIZATION_POLICIES, namespace):
            spec = policy.get("spec") or {}
            labels = (spec.get("selector") or {}).get("matchLabels") or {}
            is_enforced = annotations_of(policy).get(DRY_RUN) != "true"
            is_of_gateway = spec.get("targetRefs") or spec.get("targetRef")
            is_meant = is_enforced and not is_of_gateway and labels.items() <= labels_of(pod).items()
            if is_meant and spec.get("action", "ALLOW") == action:
                yield policy


def _rules(policy: Object) -> list[Object]:
    return (policy.get("spec") or {}).get("rules") or []


def _holds_for_all(scene: Scene, rule: Object) -> bool:
    """Whether every call matches."""
    if rule.get("from") or rule.get("when"):
        return False
    operations = [to["operation"] for to in rule.get("to") or []]
    ports = {str(port) for port in scene.target_ports}
    of_port = [one for one in operations if one.keys() == {"ports"} and ports <= {*one["ports"]}]
    return not operations or bool(of_port)


def _may_hold(scene: Scene, rule: Object) -> bool:
    """Whether a call of the client can match, as far as anybody knows."""
    sources = [one["source"] for one in rule.get("from") or []]
    operations = [one["operation"] for one in rule.get("to") or []]
    may_be_from = not sources or any(_may_be_of(scene, source) for source in sources)
    return may_be_from and (not operations or any(_may_be_a_call(scene, one) for one in operations))


def _may_be_of(scene: Scene, source: Object) -> bool:
    """Whether the client can be such a source. Its principal ends with its namespace and its service account."""
    known = scene.callers_with(Proxy.SIDECAR, Proxy.NONE)
    if not known or len(known) < len(scene.callers):
        return True
    identities = {(pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")) for pod in known}
    namespaces, principals = source.get("namespaces"), source.get("principals")
    return any(
        (not namespaces or any(name == namespace or "*" in name for name in namespaces))
        and (not principals or any(one.endswith(f"/ns/{namespace}/sa/{account}") or "*" in one for one in principals))
        for namespace, account in identities
    )


def _may_be_a_call(scene: Scene, operation: Object) -> bool:
    ports, methods = operation.get("ports"), operation.get("methods")
    on_port = not ports or bool({*ports} & {str(port) for port in scene.target_ports})
    return on_port and (not methods or any(method == METHOD or "*" in method for method in methods))
