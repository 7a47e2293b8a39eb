"""The Kubernetes API that a command talks to."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True)
class Target:
    """The Kubernetes API a command talks to, and how it was chosen."""

    context: str
    server: str
    implied: bool
    """It is just the current context: no option names it. A KUBECONFIG that is exported names it for every program."""
    local: bool
    """The API server's address is on this machine."""
    sandbox: bool = False
    cluster: str = ""
    """The name of the cluster's entry in the kubeconfig."""
    kubeconfig: str | None = None
    """The kubeconfig that an option named, or the sandbox's own; None for the one that kubectl uses."""
    in_cluster: bool = False
    """It is the cluster around the pod that the program runs in, which no context names."""
    namespace: str = ""
    """The context's; empty if it has none."""

    @property
    def own_namespace(self) -> str:
        """Where kubectl looks without a flag."""
        return self.namespace or DEFAULT_NAMESPACE

    @property
    def kubectl_flags(self) -> tuple[str, ...]:
        """The flags that point kubectl at this target."""
        context = () if self.sandbox or self.in_cluster else ("--context", self.context)
        return (*context, "--kubeconfig", self.kubeconfig) if self.kubeconfig else context

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that point grpcdemo at this target."""
        return ("--sandbox",) if self.sandbox else self.kubectl_flags

    def __str__(self) -> str:
        if self.sandbox:
            return f"the sandbox on this machine ({self.server})"
        if self.in_cluster:
            return f"the cluster of this pod ({self.server})"
        return f"context {self.context} ({self.server})"
