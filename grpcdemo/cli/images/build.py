"""`grpcdemo images build`"""

from dataclasses import asdict
from typing import Annotated

import typer

from grpcdemo.cli.images.options import Builder, DryRun, Prefix, Verbose
from grpcdemo.cli.images.programs import print_lines, run_programs
from grpcdemo.cli.options import Format, Output, choice
from grpcdemo.cli.output import show_document
from grpcdemo.steps.images.build import PLATFORMS, BuildConfig, build_images, parse_image

EXAMPLES = {
    "grpcdemo images build": "Build with the installed Docker, Podman, or Buildah",
    "grpcdemo images build --platform linux/arm64": "For the nodes of another architecture",
    "grpcdemo images build --base-image registry.example.com/python:3.12-slim": "On your own base image",
}


def build(
    builder: Builder = None,
    base_image: Annotated[
        str | None,
        typer.Option(
            "--base-image",
            metavar="IMAGE",
            parser=parse_image,
            help="The base image, with Python 3.10 or later; podman and buildah also take docker-archive:FILE.",
            show_default="python:3.13-slim",
        ),
    ] = None,
    platform: Annotated[
        str | None,
        choice(
            "--platform",
            of=PLATFORMS,
            metavar="linux/ARCH",
            help="amd64 or arm64.",
            show_default="this machine's",
        ),
    ] = None,
    image_prefix: Prefix = None,
    output: Output = Format.TABLE,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Build the server image and the client image, and print their names."""
    config = BuildConfig(builder=builder, base_image=base_image, platform=platform, prefix=image_prefix)
    built = run_programs(lambda shell: build_images(config, shell), dry_run=dry_run, verbose=verbose)
    if built and output is Format.JSON:
        show_document(asdict(built))
    elif built:
        print_lines(image.name for image in built.images)
