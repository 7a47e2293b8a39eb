"""The options that several commands share, each declared once, and groups of options."""

import math
import re
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from grpcdemo import durations
from grpcdemo.durations import format_duration
from grpcdemo.errors import UsageError
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.manifests import compute, defaults
from grpcdemo.manifests.images import parse_prefix
from grpcdemo.resources import metrics_ports
from grpcdemo.word import Word


def whole_number(least: int, most: int) -> Callable[[str | int], int]:
    """A parser of an option's value, or its default."""

    def parse(value: str | int) -> int:
        try:
            number = int(value)
        except ValueError:
            number = least - 1
        if least <= number <= most:
            return number
        raise typer.BadParameter(f"{value!r} is not a whole number from {least} to {most}")

    return parse


def number(least: float, most: float) -> Callable[[str | float], float]:
    """The same for a number with a fraction."""

    def parse(value: str | float) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if least <= number <= most:
            return number
        raise typer.BadParameter(f"{value!r} is not a number from {least:g} to {most:g}")

    return parse


def choice(
    *names: str, of: Iterable[str], help: str, metavar: str | None = None, show_default: str | bool = True
) -> Any:
    """An option that takes one *of* a few words."""
    known = {str(word): word for word in of}

    def parse(value: str) -> str:
        if value in known:
            return known[value]
        raise typer.BadParameter(f"{value!r} is not {' or '.join(known)}")

    def complete(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    words = "|".join(known)
    return typer.Option(
        *names, parser=parse, metavar=metavar or words, autocompletion=complete, help=help, show_default=show_default
    )


def label_value(value: str) -> str:
    """A parser of what becomes the value of a label, or a container's name."""
    if len(value) <= 63 and re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", value):
        return value
    raise typer.BadParameter(f"{value!r} is not a name of letters, digits, '-', '_' and '.'")


def parse_duration(value: str | float) -> float:
    """An option's value or its default, in seconds."""
    try:
        return durations.parse_duration(str(value))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_metrics_port(value: str) -> metrics_ports.MetricsPort:
    try:
        return metrics_ports.parse_metrics_port(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_pattern(value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as error:
        raise typer.BadParameter(f"{value!r} is not a regular expression: {error}") from error


class Format(Word):
    """How a result is printed on stdout."""

    TABLE = "table"
    JSON = "json"


class QuotableFormat(Word):
    """The same for what is quoted in a pull request or a design document."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let *command* take options in groups: a parameter of a dataclass declares the options in its fields.

    Its help has them below the dataclass's HEADING.
    """
    groups: dict[str, Any] = {name: hint for name, hint in get_type_hints(command).items() if is_dataclass(hint)}
    parameters: list[Parameter] = []
    for name, parameter in signature(command, eval_str=True).parameters.items():
        declared = _declared(groups[name]) if name in groups else [parameter]
        parameters += [one.replace(kind=Parameter.KEYWORD_ONLY) for one in declared]

    @wraps(command)
    def ungrouped(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    ungrouped.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it
    return ungrouped


def _declared(group: Any) -> list[Parameter]:
    """The options in the fields of *group*."""
    return [_below(group.HEADING, parameter) for parameter in signature(group, eval_str=True).parameters.values()]


def _below(heading: str, parameter: Parameter) -> Parameter:
    if not hasattr(parameter.annotation, "__metadata__"):  # Typer's own context
        return parameter
    option = copy(parameter.annotation.__metadata__[0])
    option.rich_help_panel = heading
    return parameter.replace(annotation=Annotated[parameter.annotation.__origin__, option])


Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=parse_duration,
        help="Time limit for each wait, such as 90s or 3m.",
        show_default=format_duration(defaults.TIMEOUT_S),
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before using a remote cluster.")]
AllowSharedNamespace = Annotated[
    bool, typer.Option("--allow-shared-namespace", help="Relabel the namespace even if other workloads run in it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
ShowCommands = Annotated[bool, typer.Option("--show-commands", help="Also show the equivalent kubectl commands.")]
Output = Annotated[Format, choice("--output", "-o", of=Format, help="Output format.")]
QuotableOutput = Annotated[QuotableFormat, choice("--output", "-o", of=QuotableFormat, help="Output format.")]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Also write a report with pictures: one self-contained HTML file. `-` is stdout.",
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Print one line per second in words, for screen readers; redraw nothing.")
]


@dataclass(frozen=True)
class Display:
    """How an observation is shown while it goes on."""

    HEADING = "Display"

    plain: Plain = False
    big: Annotated[bool, typer.Option("--big", help="In a terminal, show large bars and digits, for the back row.")] = (
        False
    )
    show_commands: ShowCommands = False

    def __post_init__(self) -> None:
        if self.plain and self.big:
            raise UsageError("--plain and --big cannot be combined", hint="choose one of them")


Revision = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="REV",
        parser=label_value,
        help="The Istio revision to inject.",
        show_default="Istio's default",
    ),
]


ImagePrefix = Annotated[
    str | None,
    typer.Option(
        "--image-prefix",
        metavar="PREFIX",
        parser=parse_prefix,
        help="Pull the images from this registry, where `images push PREFIX` put them.",
    ),
]
ContainerResources = Annotated[
    dict[str, str] | None,
    typer.Option(
        "--resources",
        metavar="LIST",
        parser=compute.parse_resources,
        help="Requests and limits of each container, such as requests.cpu=50m,limits.memory=256Mi.",
        show_default=", ".join(f"{key}={quantity}" for key, quantity in compute.DEFAULTS.items()),
    ),
]

MOST_PODS = 10_000
"""Of each kind; no demo needs more, and no cluster has room."""


@dataclass(frozen=True)
class Deployed:
    """What the demo deploys. What is not asked for is as it is in a demo that is there, or else the default."""

    HEADING = "What to deploy"

    servers: Annotated[
        int | None,
        typer.Option(
            "--servers",
            metavar="N",
            parser=whole_number(1, MOST_PODS),
            help="Number of server pods.",
            show_default=str(defaults.SERVERS),
        ),
    ] = None
    clients: Annotated[
        int | None,
        typer.Option(
            "--clients",
            metavar="N",
            parser=whole_number(1, MOST_PODS),
            help="Number of client pods.",
            show_default=str(defaults.CLIENTS),
        ),
    ] = None
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="R",
            parser=number(0.01, 10_000),
            help="Calls per second of each client.",
            show_default=f"{defaults.RATE:g}",
        ),
    ] = None
    image_prefix: ImagePrefix = None
    resources: ContainerResources = None

    @property
    def settings(self) -> Settings:
        return Settings(self.servers, self.clients, self.rate, self.image_prefix, self.resources or {})
