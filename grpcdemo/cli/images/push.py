"""`grpcdemo images push`"""

from typing import Annotated

import typer

from grpcdemo.cli.images.options import Builder, DryRun, Verbose
from grpcdemo.cli.images.programs import print_names, run_programs
from grpcdemo.cli.options import Format, Output
from grpcdemo.manifests.images import parse_prefix
from grpcdemo.steps.images.push import push_images

EXAMPLES = {
    "grpcdemo images push registry.example.com/team": "Push them to a registry",
    "grpcdemo images push registry.example.com/team --builder podman": "Push the images that Podman built",
    "grpcdemo images push registry.example.com/team --dry-run": "See what would be pushed",
}


def push(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", parser=parse_prefix, help="Registry and path.")],
    builder: Builder = None,
    output: Output = Format.TABLE,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Push the images to a registry as PREFIX/grpcdemo-server and PREFIX/grpcdemo-client."""
    names = run_programs(lambda shell: push_images(prefix, shell, builder=builder), dry_run=dry_run, verbose=verbose)
    print_names("images", names, output)
