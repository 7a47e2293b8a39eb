"""Which DestinationRule a client's sidecar applies to the Service, and the policy that it sets for the port."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.diagnosis.finding import Evidence, field, json_patch
from grpcdemo.diagnosis.mesh.hosts import is_visible, names_service, search_path, selects_callers
from grpcdemo.diagnosis.mesh.virtual_services import subsets_in_use
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import DESTINATION_RULES


@dataclass(frozen=True)
class Policy:
    """A `trafficPolicy` of a DestinationRule, as it applies to the port."""

    rule: Object
    pointer: str
    """Where it is, as JSON patches say it."""
    fields: Object

    @property
    def path(self) -> str:
        return self.pointer.strip("/").replace("/", ".")

    @property
    def load_balancer(self) -> Object:
        balancer: Object = self.fields.get("loadBalancer") or {}
        return balancer

    def evidence(self, name: str) -> Evidence:
        return field(DESTINATION_RULES, self.rule, f"{self.path}.{name}", self.fields.get(name))

    def set(self, name: str, value: Object) -> Kubectl:
        """The command that gives the policy another value of the field: an empty policy would be refused."""
        operation = {"op": "add", "path": f"{self.pointer}/{name}", "value": value}
        return json_patch(reference_to(DESTINATION_RULES, self.rule), operation)


def destination_rule(scene: Scene) -> Object | None:
    """The one that applies, with the most specific host in the first namespace that has any. Raises Unreadable."""
    for namespace in search_path(scene):
        rules = [
            rule
            for rule in scene.inventory.read(DESTINATION_RULES, namespace)
            if names_service(scene, rule, rule["spec"]["host"])
            and is_visible(rule, scene.caller_namespace)
            and selects_callers(scene, rule["spec"].get("workloadSelector"))
        ]
        if rules:
            return min(rules, key=_generality)
    return None


def policies(scene: Scene) -> list[Policy]:
    """The rule's own policy, and those of the subsets that calls are routed to. Raises Unreadable."""
    rule = destination_rule(scene)
    if rule is None:
        return []
    found = [_for_port(scene, rule, "/spec/trafficPolicy", rule["spec"].get("trafficPolicy"))]
    in_use = subsets_in_use(scene)
    for index, subset in enumerate(rule["spec"].get("subsets") or []):
        if subset["name"] in in_use:
            found.append(_for_port(scene, rule, f"/spec/subsets/{index}/trafficPolicy", subset.get("trafficPolicy")))
    return [policy for policy in found if policy.fields]


def _for_port(scene: Scene, rule: Object, pointer: str, policy: Object | None) -> Policy:
    """The settings of a port replace those of all ports."""
    for index, settings in enumerate((policy or {}).get("portLevelSettings") or []):
        if (settings.get("port") or {}).get("number") == scene.port_number:
            return Policy(rule, f"{pointer}/portLevelSettings/{index}", settings)
    return Policy(rule, pointer, policy or {})


def _generality(rule: Object) -> tuple[bool, int, bool]:
    """Sorts exact names before wildcards, longer before shorter ones, a rule for some pods before one for all."""
    host = rule["spec"]["host"]
    return host.startswith("*"), -len(host), "workloadSelector" not in rule["spec"]
