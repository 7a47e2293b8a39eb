"""`grpcdemo images build|save|load|push`"""

import contextlib
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from grpcdemo.cli import options

if TYPE_CHECKING:
    from grpcdemo.steps.images.shell import Shell

T = TypeVar("T")

app = typer.Typer(
    help="Build the two images, and bring them to the cluster.", no_args_is_help=True, rich_markup_mode=None
)

Builder = Annotated[
    str | None,
    typer.Option(
        "--builder",
        metavar="NAME",
        help="docker, podman, buildah or nerdctl, instead of the first that works.",
        show_default=False,
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option("--image-prefix", metavar="PREFIX", help="Name the images below PREFIX.", show_default="localhost"),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the programs print.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the commands that would be run, and run none.")]


@app.command()
def build(
    builder: Builder = None,
    base_image: Annotated[
        str | None,
        typer.Option(
            "--base-image",
            metavar="IMAGE",
            help="Build on this image with Python 3.10 or later; podman and buildah take docker-archive:FILE, too.",
            show_default="python:3.13-slim",
        ),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", metavar="linux/ARCH", help="amd64 or arm64.", show_default="the machine's own"),
    ] = None,
    image_prefix: Prefix = None,
    output: options.Output = options.Format.TABLE,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Build the server's and the client's image, and print their names."""
    import json
    from dataclasses import asdict

    from grpcdemo.steps.images.build import BuildConfig, Built, build_images

    def show(built: "Built") -> None:
        if output is options.Format.JSON:
            typer.echo(json.dumps(asdict(built), indent=2))
        else:
            _print_lines([image.name for image in built.images])

    config = BuildConfig(builder=builder, base_image=base_image, platform=platform, prefix=image_prefix)
    _run(lambda shell: build_images(config, shell), show, dry_run=dry_run, verbose=verbose)


@app.command()
def save(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to.", show_default=False)],
    builder: Builder = None,
    image_prefix: Prefix = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Write grpcdemo-server.tar and grpcdemo-client.tar into DIR, and print their paths."""
    from grpcdemo.steps.images.save import save_images

    def work(shell: "Shell") -> Coroutine[None, None, tuple[Path, ...]]:
        return save_images(directory, shell, builder=builder, prefix=image_prefix)

    _run(work, _print_lines, dry_run=dry_run, verbose=verbose)


@app.command()
def load(
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    containerd: Annotated[
        str | None,
        typer.Option(
            "--containerd",
            metavar="SOCKET",
            help="Load into this node's containerd, whatever the context; needs ctr.",
            show_default=False,
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="DIR", help="Take what `images save DIR` wrote.", show_default=False),
    ] = None,
    builder: Builder = None,
    image_prefix: Prefix = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Load the images into a cluster on this machine: kind, k3d, minikube, Docker Desktop and the like."""
    from grpcdemo.steps.images.load import LoadConfig, load_images

    config = LoadConfig(
        context=context if context or containerd else _current_context(kubeconfig),
        containerd=containerd,
        archives=archive,
        builder=builder,
        prefix=image_prefix,
    )
    _run(lambda shell: load_images(config, shell), _print_lines, dry_run=dry_run, verbose=verbose)


@app.command()
def push(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Registry and path.", show_default=False)],
    builder: Builder = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Push the images to a registry, as PREFIX/grpcdemo-server and PREFIX/grpcdemo-client."""
    from grpcdemo.steps.images.push import push_images

    _run(lambda shell: push_images(prefix, shell, builder=builder), _print_lines, dry_run=dry_run, verbose=verbose)


def _current_context(kubeconfig: str | None) -> str | None:
    from grpcdemo.kube.target import current_context

    return current_context(kubeconfig)


def _run(
    work: "Callable[[Shell], Coroutine[None, None, T]]",
    show: Callable[[T], None],
    *,
    dry_run: bool,
    verbose: bool,
) -> None:
    """Run *work* with a line of progress, or with all that the programs print, and show its result."""
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.runner import run
    from grpcdemo.steps.images.shell import Shell

    progress = Progress()
    shell = Shell(
        report=progress.report,
        line=_print_to_stderr if verbose else lambda line: None,
        dry_run=typer.echo if dry_run else None,
    )
    # A line that is redrawn in place and lines that scroll do not go together.
    with contextlib.nullcontext() if verbose or dry_run else progress:
        result = run(work(shell), if_interrupted="nothing is left half done: give the same command again")
    if not dry_run:
        show(result)


def _print_to_stderr(line: str) -> None:
    typer.echo(line, err=True)


def _print_lines(lines: Iterable[object]) -> None:
    for line in lines:
        typer.echo(line)
