"""The options of `diagnose` for adding probes to the server pods, and the question before it does."""

from dataclasses import dataclass
from typing import Annotated

import typer

from grpcdemo.cli.output import console
from grpcdemo.cli.question import require_consent
from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.manifests.images import parse_prefix
from grpcdemo.steps.diagnose import ProbeConfig
from grpcdemo.steps.probes import ProbePlan


@dataclass(frozen=True)
class Probing:
    """Whether probes are added, and from which image."""

    HEADING = "Traffic"

    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="If nothing else counts requests: add a container that does to each server pod, after asking. "
            "It stays in the pod's spec until the pod is deleted.",
        ),
    ] = False
    image_prefix: Annotated[
        str | None,
        typer.Option(
            "--image-prefix",
            metavar="PREFIX",
            parser=parse_prefix,
            help="Pull the probe's image from this registry, where `images push PREFIX` put it.",
        ),
    ] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before adding the probe.")] = False

    def __post_init__(self) -> None:
        if not self.probe and (self.image_prefix or self.yes):
            option = "--image-prefix" if self.image_prefix else "--yes"
            raise UsageError(f"{option} is about the probe", hint="leave it out, or add --probe")

    @property
    def config(self) -> ProbeConfig | None:
        return ProbeConfig(self._agree, self.image_prefix) if self.probe else None

    async def _agree(self, plan: ProbePlan) -> None:
        """Raises GrpcdemoError unless the user agrees, who is told what cannot be undone."""
        console(stderr=True).print(told(plan), soft_wrap=False)
        if not self.yes:
            await require_consent(
                "Add it?",
                GrpcdemoError("--probe changes the server pods", hint="accept it with --yes, or leave out --probe"),
            )


def told(plan: ProbePlan) -> str:
    """What is added where, and what becomes of it."""
    number = len(plan.pods)
    all_pods = "" if number == plan.all_pods else f" of {plan.all_pods}"
    pods = "1 pod" if number == 1 and not all_pods else f"{number}{all_pods} pods"
    return (
        f"--probe adds the container {plan.container} to {pods}: {', '.join(plan.names)}\n"
        f"It runs the image {plan.image}, reads which TCP connections port {plan.port} has, and ends within "
        f"{format_duration(plan.seconds)}. It cannot be removed: it stays in the pod's spec until the pod is deleted."
    )
