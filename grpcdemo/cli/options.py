"""The options that several commands share, each declared once, and groups of options."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from grpcdemo import durations
from grpcdemo.durations import format_duration
from grpcdemo.manifests import compute, defaults


def parse_duration(value: str | float) -> float:
    """An option's value or its default, in seconds."""
    try:
        return durations.parse_duration(str(value))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


class Format(str, Enum):
    """How a result is printed on stdout."""

    TABLE = "table"
    JSON = "json"


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let *command* take options in groups: a parameter of a dataclass declares the options in its fields."""
    groups: dict[str, Any] = {name: hint for name, hint in get_type_hints(command).items() if is_dataclass(hint)}
    parameters: list[Parameter] = []
    for name, parameter in signature(command, eval_str=True).parameters.items():
        declared = signature(groups[name], eval_str=True).parameters.values() if name in groups else [parameter]
        parameters += [one.replace(kind=Parameter.KEYWORD_ONLY) for one in declared]

    @wraps(command)
    def ungrouped(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    ungrouped.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it
    return ungrouped


Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="Use this context of the kubeconfig.")]
Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", metavar="FILE", help="Use this kubeconfig.")]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=parse_duration,
        help="How long each wait may take, such as 90s or 3m.",
        show_default=format_duration(defaults.TIMEOUT_S),
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Accept a remote cluster that is only the current context, without asking.")
]
AllowSharedNamespace = Annotated[
    bool, typer.Option("--allow-shared-namespace", help="Relabel the namespace even if other workloads run in it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE.html", help="Also write a report with plots: one HTML file that needs nothing else."
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Print a line a second in words, for a screen reader; redraw nothing.")
]
Revision = Annotated[
    str | None,
    typer.Option("--revision", metavar="REV", help="The Istio revision that injects.", show_default="Istio's default"),
]


@dataclass(frozen=True)
class Deployed:
    """What the demo deploys."""

    servers: Annotated[int, typer.Option("--servers", metavar="N", min=1, help="Number of server pods.")] = (
        defaults.SERVERS
    )
    clients: Annotated[int, typer.Option("--clients", metavar="N", min=1, help="Number of client pods.")] = (
        defaults.CLIENTS
    )
    rate: Annotated[
        float, typer.Option("--rate", metavar="R", min=0.01, max=10_000, help="Calls per second of each client.")
    ] = defaults.RATE
    image_prefix: Annotated[
        str | None,
        typer.Option(
            "--image-prefix",
            metavar="PREFIX",
            help="Pull the images from this registry, where `images push PREFIX` put them.",
        ),
    ] = None
    resources: Annotated[
        dict[str, str] | None,
        typer.Option(
            "--resources",
            metavar="LIST",
            parser=compute.parse_resources,
            help="Requests and limits of each container, such as requests.cpu=50m,limits.memory=256Mi.",
            show_default=",".join(f"{key}={quantity}" for key, quantity in compute.DEFAULTS.items()),
        ),
    ] = None
