"""`grpcdemo images load`"""

from pathlib import Path
from typing import Annotated

import typer

from grpcdemo.cli.images.options import Builder, DryRun, Prefix, Verbose
from grpcdemo.cli.images.programs import print_names, run_programs
from grpcdemo.cli.options import Format, Output
from grpcdemo.cli.target_options import Context, Kubeconfig
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.connect import connect
from grpcdemo.kube.local_cluster import require_local_cluster
from grpcdemo.manifests.local_clusters import LocalCluster
from grpcdemo.steps.images.load import LoadConfig, load_images
from grpcdemo.steps.images.shell import Shell

EXAMPLES = {
    "grpcdemo images load": "Load them into the kind, k3d or minikube cluster of the current context",
    "grpcdemo images load --context kind-demo": "Load them into the cluster of another context",
    "grpcdemo images load --containerd /run/containerd/containerd.sock": "Load them into the containerd of this node",
}


def load(
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    containerd: Annotated[
        str | None,
        typer.Option(
            "--containerd", metavar="SOCKET", help="Load into containerd on this node instead of a cluster; needs ctr."
        ),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", metavar="DIR", help="Load what `images save DIR` wrote.")
    ] = None,
    builder: Builder = None,
    image_prefix: Prefix = None,
    output: Output = Format.TABLE,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """Load the images into a local cluster: kind, k3d, minikube, Docker Desktop, and the like."""

    async def work(shell: Shell) -> tuple[str, ...]:
        into = containerd or await _find_cluster(kubeconfig, context)
        config = LoadConfig(into=into, archives=archive, builder=builder, prefix=image_prefix)
        return await load_images(config, shell)

    print_names("images", run_programs(work, dry_run=dry_run, verbose=verbose), output)


async def _find_cluster(kubeconfig: str | None, context: str | None) -> LocalCluster:
    async with await connect(find_kubeconfig(kubeconfig), context=context) as api:
        return await require_local_cluster(api)
