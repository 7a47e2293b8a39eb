"""`grpcdemo images save`"""

from pathlib import Path
from typing import Annotated

import typer

from grpcdemo.cli.images.options import Builder, DryRun, Prefix, Verbose
from grpcdemo.cli.images.programs import print_names, run_programs
from grpcdemo.cli.options import Format, Output
from grpcdemo.steps.images.save import save_images

EXAMPLES = {
    "grpcdemo images save images": "Write both images to a directory",
    "grpcdemo images save images --builder podman": "Write the images that Podman built",
    "grpcdemo images save images --dry-run": "See what would be written",
}


def save(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory to write to.")],
    builder: Builder = None,
    image_prefix: Prefix = None,
    output: Output = Format.TABLE,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Write grpcdemo-server.tar and grpcdemo-client.tar into DIR, and print their paths."""
    paths = run_programs(
        lambda shell: save_images(directory, shell, builder=builder, prefix=image_prefix),
        dry_run=dry_run,
        verbose=verbose,
    )
    print_names("archives", paths, output)
