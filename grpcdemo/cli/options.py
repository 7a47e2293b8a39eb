"""The options that several commands share, each declared once."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Format(str, Enum):
    """How a result is printed on stdout."""

    TABLE = "table"
    JSON = "json"


Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The kubeconfig's context to use.", show_default=False),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig to use.", show_default=False),
]
Sandbox = Annotated[
    bool,
    typer.Option("--sandbox", help="Use the embedded sandbox on this machine, also where there is a kubeconfig."),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="The demo's namespace.")]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long each wait may take.")]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="Do not ask: change a cluster that is merely the current context, or a namespace that others use.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Write a report with plots there, too: one HTML file that needs nothing else.",
        show_default=False,
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Say a line a second rather than redraw, in words without bars: for a screen reader."),
]
Servers = Annotated[int, typer.Option("--servers", metavar="N", min=1, help="How many server pods.")]
Clients = Annotated[int, typer.Option("--clients", metavar="N", min=1, help="How many client pods.")]
Rate = Annotated[
    float,
    typer.Option("--rate", metavar="R", min=0.01, max=10_000, help="Calls a second that each client makes."),
]
ImagePrefix = Annotated[
    str | None,
    typer.Option(
        "--image-prefix",
        metavar="PREFIX",
        help="Take the images from this registry, as `images push PREFIX` put them there.",
        show_default=False,
    ),
]
Revision = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="REV",
        help="The revision of Istio that shall inject.",
        show_default="the default one",
    ),
]
