"""What a user may do, in the form in which Kubernetes' authorizers are asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from grpcdemo.errors import Kubectl
from grpcdemo.resources.resource import Resource


@dataclass(frozen=True)
class Right:
    """A verb on a resource: without a namespace in the whole cluster, without a name on all of its objects."""

    verb: str
    resource: Resource
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None

    @property
    def target(self) -> str:
        """As RBAC names it: `pods/log`."""
        return f"{self.resource.qualified}/{self.subresource}" if self.subresource else self.resource.qualified

    @property
    def can_i(self) -> Kubectl:
        """The command that shows whether the user has it. kubectl takes what follows a slash for a name."""
        what = f"{self.resource.qualified}/{self.name}" if self.name else self.resource.qualified
        flags = (f"--subresource={self.subresource}",) if self.subresource else ()
        return Kubectl("auth", "can-i", self.verb, what, *flags, namespace=self.namespace)

    def __str__(self) -> str:
        name = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.target}{name}{where}"

    def hides(self, resource: Resource, namespaces: Collection[str], name: str | None) -> bool:
        """Whether one without it may not know all of *resource* in *namespaces*, or in all, or the one with *name*."""
        elsewhere = self.namespace and namespaces and self.namespace not in namespaces
        another = name and self.name and name != self.name
        return self.resource == resource and not elsewhere and not another
