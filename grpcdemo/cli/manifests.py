"""`grpcdemo manifests`"""

import re
from pathlib import Path
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.output import Progress
from grpcdemo.cli.runner import read
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.errors import GrpcdemoError, Interrupted, UsageError
from grpcdemo.manifests.render import NEWEST, render
from grpcdemo.steps.up import UpConfig, manifest_values

EXAMPLES = {
    "grpcdemo manifests | kubectl apply -f -": "Deploy the demo with kubectl",
    "grpcdemo manifests --write deploy": "Write them to a directory",
    "grpcdemo manifests --servers 5 --kubernetes 1.21": "For an older cluster",
}


@options.grouped
def manifests(
    *,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write grpc-server.yaml and grpc-client.yaml there.")
    ] = None,
    kubernetes: Annotated[
        str | None,
        typer.Option(
            "--kubernetes",
            metavar="MAJOR.MINOR",
            help="The Kubernetes version to write for, such as 1.22.",
        ),
    ] = None,
    deployed: options.Deployed,
    target: TargetOptions,
) -> None:
    """Print exactly what `up` applies, for `kubectl create -f`."""
    version = _parse_version(kubernetes) if kubernetes else _ask_version(target)
    config = UpConfig(target.namespace, deployed.settings)
    files = render(manifest_values(config, version))
    if write is None:
        typer.echo("---\n".join(files.values()), nl=False)
        return
    try:
        write.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (write / name).write_text(text, encoding="utf-8")
            typer.echo(str(write / name))
    except OSError as error:
        raise GrpcdemoError(f"cannot write to {write}: {error.strerror}") from error


def _ask_version(target: TargetOptions) -> tuple[int, int]:
    """The cluster's version; without a cluster, the newest form, which every version since 1.24 accepts."""
    try:
        with Progress() as progress:
            return read(target, lambda api: api.version(), report=progress.report)
    except GrpcdemoError as error:
        if target.name_cluster or isinstance(error, Interrupted):
            raise
        typer.echo(f"written for Kubernetes 1.24 and later, without asking a cluster: {error}", err=True)
        return NEWEST


def _parse_version(text: str) -> tuple[int, int]:
    if match := re.fullmatch(r"v?([0-9]+)\.([0-9]+)([.+-].*)?", text):
        return int(match[1]), int(match[2])
    raise UsageError(f"{text!r} is not a version of Kubernetes", hint="write it like 1.22")
