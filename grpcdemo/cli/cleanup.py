"""`grpcdemo cleanup`"""

from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.manifests import defaults


def cleanup(
    typed: typer.Context,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all is gone.")] = True,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Delete what grpcdemo made, and only that, and wait until it is gone."""
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.runner import change
    from grpcdemo.cli.target import Connection
    from grpcdemo.errors import NoSandbox
    from grpcdemo.model import Done
    from grpcdemo.steps import cleanup as step

    config = step.CleanupConfig(namespace=namespace, timeout_s=timeout, wait=wait)
    with Progress(dry_run=dry_run) as progress:
        try:
            change(
                Connection(typed.obj, context, kubeconfig, sandbox, namespace),
                lambda api: step.cleanup(api, config, progress.report),
                report=progress.report,
                yes=yes,
                dry_run=dry_run,
                if_interrupted="what was asked for goes on in the cluster; `grpcdemo cleanup` waits for it",
            )
        except NoSandbox as none:
            progress.report(Done(f"nothing to clean up: {none.message}"))
