"""The options that set a command's target, and the namespace there."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

from grpcdemo.cli.completers import complete_contexts, complete_namespaces
from grpcdemo.cli.invocation import Invocation
from grpcdemo.errors import UsageError
from grpcdemo.manifests import defaults

Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The kubeconfig context to use.", autocompletion=complete_contexts),
]
Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig file to use.")]


@dataclass(frozen=True)
class ClusterOptions:
    """The options that choose a command's target."""

    HEADING = "Target"

    typed: typer.Context
    context: Context = None
    kubeconfig: Kubeconfig = None
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the sandbox on this machine instead of a cluster.")
    ] = False

    def __post_init__(self) -> None:
        if self.sandbox and self.name_cluster:
            raise UsageError("--sandbox cannot be combined with --context or --kubeconfig", hint="choose one target")

    @property
    def invocation(self) -> Invocation:
        invocation: Invocation = self.typed.obj
        return invocation

    def commands_of(self, *, shown: bool) -> Invocation | None:
        """For `Progress`: whose commands are shown, if they are."""
        return self.invocation if shown else None

    @property
    def name_cluster(self) -> bool:
        return bool(self.context or self.kubeconfig)


@dataclass(frozen=True)
class TargetOptions(ClusterOptions):
    """The options that choose a command's target, and the namespace there."""

    namespace: Annotated[
        str,
        typer.Option(
            "--namespace", "-n", metavar="NAME", help="The demo's namespace.", autocompletion=complete_namespaces
        ),
    ] = defaults.NAMESPACE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_namespace(self.namespace)

    @property
    def flags(self) -> tuple[str, ...]:
        """What was typed to choose the target and the namespace, for the next command."""
        named = {"--context": self.context, "--kubeconfig": self.kubeconfig}
        if self.namespace != defaults.NAMESPACE:
            named["--namespace"] = self.namespace
        chosen = [word for flag, value in named.items() if value for word in (flag, value)]
        return ("--sandbox", *chosen) if self.sandbox else tuple(chosen)


@dataclass(frozen=True)
class PlaceOptions(ClusterOptions):
    """The target, and a namespace that need not be named. A command says in the option what it then is."""

    namespace: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.namespace is not None:
            check_namespace(self.namespace)


def check_namespace(name: str) -> None:
    """Raises UsageError if no namespace can have this *name*."""
    if len(name) > 63 or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        raise UsageError(
            f"{name!r} cannot be the name of a namespace",
            hint="use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit",
        )
