"""Access reviews: `kubectl auth can-i`. Whoever has the token may do everything that is served, and no more."""

from __future__ import annotations

from grpcdemo.sandbox.api.kinds import KINDS, Kind, Object
from grpcdemo.sandbox.api.status import Cause, invalid

SUBRESOURCE_VERBS = {"log": ("get",), "finalize": ("update",)}
PART_VERBS = ("get", "patch", "update")
ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def review_access(review: Object) -> Object:
    """*review* with its answer. Raises StatusError (Invalid)."""
    spec = review.get("spec", {})
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        cause = Cause.wrong("spec.resourceAttributes", wanted, ONE_OF)
        raise invalid("SelfSubjectAccessReview.authorization.k8s.io", "", [cause])
    allowed = path.get("verb") == "get" if path is not None else is_served(wanted)
    status = {"allowed": allowed} if allowed else {"allowed": False, "reason": "the sandbox does not serve it"}
    return {**review, "status": status}


def is_served(attributes: Object) -> bool:
    group, plural = attributes.get("group", ""), attributes.get("resource", "*")
    subresource, verb = attributes.get("subresource", ""), attributes.get("verb", "*")
    named = [kind for kind in KINDS if plural in ("*", kind.plural) and group in ("*", kind.group)]
    return any(_allows(kind, subresource, verb) for kind in named)


def _allows(kind: Kind, subresource: str, verb: str) -> bool:
    if subresource and subresource not in kind.subresources:
        return False
    verbs = SUBRESOURCE_VERBS.get(subresource, PART_VERBS) if subresource else kind.verbs
    return verb == "*" or verb in verbs
