"""The options that several commands share, each declared once."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from grpcdemo import durations
from grpcdemo.durations import format_duration
from grpcdemo.manifests import defaults


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


Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="Use this context of the kubeconfig.", show_default=False),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="FILE", help="Use this kubeconfig.", show_default=False),
]
Sandbox = Annotated[
    bool,
    typer.Option("--sandbox", help="Use the sandbox on this machine, whatever the kubeconfig says."),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="The demo's namespace.")]
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
    bool,
    typer.Option("--yes", "-y", help="Accept a remote cluster that is only the current context, without asking."),
]
AllowSharedNamespace = Annotated[
    bool,
    typer.Option(
        "--allow-shared-namespace",
        help="Relabel the namespace even if other workloads run in it.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Also write a report with plots: one HTML file that needs nothing else.",
        show_default=False,
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Print a line a second in words, for a screen reader; redraw nothing."),
]
Servers = Annotated[int, typer.Option("--servers", metavar="N", min=1, help="Number of server pods.")]
Clients = Annotated[int, typer.Option("--clients", metavar="N", min=1, help="Number of client pods.")]
Rate = Annotated[
    float,
    typer.Option("--rate", metavar="R", min=0.01, max=10_000, help="Calls per second of each client."),
]
ImagePrefix = Annotated[
    str | None,
    typer.Option(
        "--image-prefix",
        metavar="PREFIX",
        help="Pull the images from this registry, where `images push PREFIX` put them.",
        show_default=False,
    ),
]
Revision = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="REV",
        help="The Istio revision that injects.",
        show_default="Istio's default",
    ),
]
