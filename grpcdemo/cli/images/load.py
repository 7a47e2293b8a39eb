"""`grpcdemo images load`"""

from pathlib import Path
from typing import Annotated

import typer

from grpcdemo.cli.images.options import Builder, DryRun, Prefix, Verbose
from grpcdemo.cli.images.programs import print_lines, run_programs
from grpcdemo.cli.options import Context, Kubeconfig
from grpcdemo.kube.kubeconfig import current_context, find_kubeconfig
from grpcdemo.steps.images.load import LoadConfig, load_images


def load(
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    containerd: Annotated[
        str | None,
        typer.Option(
            "--containerd", metavar="SOCKET", help="Load into this node's containerd, whatever the context; needs ctr."
        ),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", metavar="DIR", help="Load what `images save DIR` wrote.")
    ] = None,
    builder: Builder = None,
    image_prefix: Prefix = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Load the images into a cluster on this machine: kind, k3d, minikube, Docker Desktop, and the like."""
    config = LoadConfig(
        context=context if context or containerd else current_context(find_kubeconfig(kubeconfig)),
        containerd=containerd,
        archives=archive,
        builder=builder,
        prefix=image_prefix,
    )
    names = run_programs(lambda shell: load_images(config, shell), dry_run=dry_run, verbose=verbose)
    print_lines(names)
