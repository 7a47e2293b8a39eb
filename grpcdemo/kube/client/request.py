"""One request to the API: what is sent, and how errors describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.resources.rights import Right

METHODS = {"get": "GET", "list": "GET", "watch": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

Parameters = Mapping[str, "str | int | bool | tuple[str, ...]"]
"""Of a tuple, each member is a parameter of that name."""


@dataclass(frozen=True)
class Request:
    """A verb of the API on a resource, or on one object of it; without a resource, on the API server itself."""

    verb: str
    resource: Resource | None = None
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None
    parameters: Parameters = field(default_factory=dict)
    """Of the URL's query."""
    body: Object | None = None
    about: str = "/version"
    """Without a resource, what is asked of the API server."""
    merges_lists: bool = False
    """A patch adds to the lists of Kubernetes' own kinds, instead of replacing them."""

    @property
    def method(self) -> str:
        return METHODS[self.verb]

    @property
    def path(self) -> str:
        if self.resource is None:
            return self.about
        return self.resource.path(self.namespace, None if self.verb == "create" else self.name, self.subresource)

    @property
    def is_change(self) -> bool:
        """Neither a read nor a dry run."""
        return self.method != "GET" and "dryRun" not in {**self.parameters, **(self.body or {})}

    @property
    def content_type(self) -> str:
        if self.verb != "patch":
            return "application/json"
        return STRATEGIC_MERGE_PATCH if self.merges_lists else MERGE_PATCH

    @property
    def preconditions(self) -> dict[str, str]:
        """The `uid` and `resourceVersion` that the object must have; a create has none."""
        body = self.body or {}
        required = {"patch": body.get("metadata"), "delete": body.get("preconditions")}.get(self.verb) or {}
        return {key: required[key] for key in ("uid", "resourceVersion") if key in required}

    @property
    def subject(self) -> str:
        what = self._resource or "the API"
        named = f"{what} {self.name}" if self.name else what
        return f"{named} in namespace {self.namespace}" if self.namespace else named

    @property
    def can_i(self) -> Kubectl:
        """The command that shows whether the user may do this."""
        if self.resource is None:
            return Kubectl("auth", "can-i", self.verb, self.about)
        return Right(self.verb, self.resource, self.namespace, subresource=self.subresource).can_i

    @property
    def _resource(self) -> str:
        """As permissions name it: `pods/log`."""
        resource = self.resource.qualified if self.resource else ""
        return f"{resource}/{self.subresource}" if self.subresource else resource
