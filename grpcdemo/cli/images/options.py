"""The options that the commands for images share."""

from typing import Annotated

import typer

from grpcdemo.cli.options import choice
from grpcdemo.manifests.images import parse_prefix
from grpcdemo.steps.images.builders import BUILDERS

Builder = Annotated[
    str | None,
    choice(
        "--builder",
        of=[builder.name for builder in BUILDERS],
        metavar="NAME",
        help="docker, podman, buildah, or nerdctl.",
        show_default="the first that works",
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        "--image-prefix",
        metavar="PREFIX",
        parser=parse_prefix,
        help="The registry and path of the images.",
        show_default="localhost",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the programs' output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the commands instead of running them.")]
