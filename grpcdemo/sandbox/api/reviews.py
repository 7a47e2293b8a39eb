"""What a client asks about itself: `kubectl auth can-i`, `auth can-i --list` and `auth whoami`.

Whoever has the token may do everything that is served, and no more.
"""

from __future__ import annotations

from collections.abc import Callable

from grpcdemo.sandbox.api.kinds import ACCESS_REVIEWS, KINDS, RULES_REVIEWS, SELF_REVIEWS, Kind, Object
from grpcdemo.sandbox.api.status import Cause, invalid
from grpcdemo.sandbox.state import CONTEXT

SUBRESOURCE_VERBS = {"log": ("get",), "finalize": ("update",)}
PART_VERBS = ("get", "patch", "update")
ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def _review_access(review: Object) -> Object:
    """Raises StatusError (Invalid)."""
    spec = review.get("spec", {})
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        cause = Cause.wrong("spec.resourceAttributes", wanted, ONE_OF)
        raise invalid("SelfSubjectAccessReview.authorization.k8s.io", "", [cause])
    allowed = path.get("verb") == "get" if path is not None else is_served(wanted)
    return {"allowed": allowed} if allowed else {"allowed": False, "reason": "the sandbox does not serve it"}


def _review_rules(_: Object) -> Object:
    """They are the same in every namespace."""
    rules = []
    for kind in KINDS:
        parts = {f"{kind.plural}/{name}": SUBRESOURCE_VERBS.get(name, PART_VERBS) for name in kind.subresources}
        for resource, verbs in {kind.plural: kind.verbs, **parts}.items():
            rules.append({"apiGroups": [kind.group], "resources": [resource], "verbs": sorted(verbs)})
    paths = [{"nonResourceURLs": ["*"], "verbs": ["get"]}]
    return {"resourceRules": rules, "nonResourceRules": paths, "incomplete": False}


def _review_self(_: Object) -> Object:
    """The one user, by the name that the kubeconfig has for it."""
    return {"userInfo": {"username": CONTEXT, "groups": ["system:authenticated"]}}


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


REVIEWS: dict[Kind, Callable[[Object], Object]] = {
    ACCESS_REVIEWS: _review_access,
    RULES_REVIEWS: _review_rules,
    SELF_REVIEWS: _review_self,
}
"""The status that answers each."""
