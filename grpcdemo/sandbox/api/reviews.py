"""What a client may do: `kubectl auth can-i` and `auth can-i --list`. The one user may do all that is served."""

from __future__ import annotations

from collections.abc import Callable

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ACCESS_REVIEWS, RULES_REVIEWS, Resource
from grpcdemo.sandbox.api.served import SERVED, verbs_of
from grpcdemo.sandbox.api.status import Cause, invalid

ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def _review_access(review: Object) -> Object:
    """Raises StatusError (Invalid)."""
    spec = review.get("spec", {})
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        cause = Cause.wrong("spec.resourceAttributes", resource, ONE_OF)
        raise invalid("SelfSubjectAccessReview.authorization.k8s.io", "", [cause])
    allowed = path.get("verb") == "get" if path is not None else is_served(resource)
    return {"allowed": allowed} if allowed else {"allowed": False, "reason": "the sandbox does not serve it"}


def _review_rules(_: Object) -> Object:
    """The same in every namespace."""
    rules = [
        {
            "apiGroups": [resource.group],
            "resources": [f"{resource.plural}/{part}" if part else resource.plural],
            "verbs": sorted(verbs_of(resource, part)),
        }
        for resource in SERVED
        for part in (None, *resource.subresources)
    ]
    paths = [{"nonResourceURLs": ["*"], "verbs": ["get"]}]
    return {"resourceRules": rules, "nonResourceRules": paths, "incomplete": False}


def is_served(attributes: Object) -> bool:
    group, plural = attributes.get("group", ""), attributes.get("resource", "*")
    subresource, verb = attributes.get("subresource", ""), attributes.get("verb", "*")
    named = [resource for resource in SERVED if plural in ("*", resource.plural) and group in ("*", resource.group)]
    return any(_allows(resource, subresource, verb) for resource in named)


def _allows(resource: Resource, subresource: str, verb: str) -> bool:
    if subresource and subresource not in resource.subresources:
        return False
    return verb in ("*", *verbs_of(resource, subresource))


REVIEWS: dict[Resource, Callable[[Object], Object]] = {ACCESS_REVIEWS: _review_access, RULES_REVIEWS: _review_rules}
"""The status of the answer to each."""
