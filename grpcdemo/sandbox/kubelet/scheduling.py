"""Whether a pod may run on the one node that there is: the scheduler's part, which here has little to choose."""

from __future__ import annotations

from grpcdemo.sandbox.api.kinds import Object
from grpcdemo.sandbox.api.selectors import matches_label_selector

UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
}


def fits(pod: Object, node: Object) -> bool:
    """Whether the pod's node selector and its required node affinity select the node."""
    spec, labels = pod["spec"], node["metadata"]["labels"]
    if not matches_label_selector({"matchLabels": spec.get("nodeSelector")}, labels):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(matches_label_selector(term, labels) for term in required["nodeSelectorTerms"])


def is_unschedulable(pod: Object) -> bool:
    """Whether the pod says so already."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(all(found.get(key) == value for key, value in UNSCHEDULABLE.items()) for found in conditions)
