"""What helps if the requests to a Service are not as expected, or cannot be counted."""

from __future__ import annotations

import shlex

from grpcdemo.errors import Hint, Kubectl
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.references import parse_reference
from grpcdemo.resources.resource import SERVICES
from grpcdemo.steps.observe.expectation import Advice
from grpcdemo.steps.subject import Subject


def diagnose_command(subject: Subject) -> str:
    """What names the cause: the same Service, seen by the same client."""
    words = ["grpcdemo", "diagnose", subject.service]
    for option, value in (
        ("--namespace", subject.namespace),
        ("--port", subject.port),
        ("--client", subject.client),
        ("--client-namespace", subject.client_namespace),
    ):
        words += [option, value] if value else []
    return f"`{shlex.join(words)}`"


def service_commands(subject: Subject) -> tuple[Kubectl, ...]:
    """What shows by hand who serves and who calls."""
    name = parse_reference(subject.service, (SERVICES,)).name
    slices = Kubectl("get", "endpointslices", "--selector", f"{SERVICE_NAME}={name}", namespace=subject.namespace)
    return slices, Kubectl("get", "pods", "--output", "wide", namespace=subject.namespace)


def advise(subject: Subject) -> Advice:
    why = diagnose_command(subject)
    return Advice(
        other=Hint(f"{why} says why"),
        gone="no pod of it is left",
        back=f"{why} says what there is",
        undecided=lambda observation, longer: f"{longer}, or see {why}",
    )
