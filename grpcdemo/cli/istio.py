"""`grpcdemo istio on|off|status`"""

from typing import TYPE_CHECKING

import typer

from grpcdemo.cli import options
from grpcdemo.manifests import defaults

if TYPE_CHECKING:
    from grpcdemo.cli.target import Connection

app = typer.Typer(help="Switch Istio's sidecar injection for the demo.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def on(
    typed: typer.Context,
    revision: options.Revision = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Label the namespace, restart both Deployments, and see that every pod has a proxy."""
    from grpcdemo.cli.target import Connection

    _switch(
        Connection(typed.obj, context, kubeconfig, sandbox, namespace), True, revision, timeout, output, dry_run, yes
    )


@app.command()
def off(
    typed: typer.Context,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Label the namespace, restart both Deployments, and see that no pod has a proxy."""
    from grpcdemo.cli.target import Connection

    _switch(Connection(typed.obj, context, kubeconfig, sandbox, namespace), False, None, timeout, output, dry_run, yes)


@app.command()
def status(
    typed: typer.Context,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    output: options.Output = options.Format.TABLE,
) -> None:
    """Show Istio's version and injectors, what the namespace's label does, and which pods have a proxy."""
    from grpcdemo.cli.output import result_width, show
    from grpcdemo.cli.runner import read
    from grpcdemo.cli.target import Connection
    from grpcdemo.steps.istio.status import istio_status
    from grpcdemo.views.document import istio_document
    from grpcdemo.views.status import istio_view

    found = read(
        Connection(typed.obj, context, kubeconfig, sandbox, namespace), lambda api: istio_status(api, namespace)
    )
    show(istio_view(found, result_width()), istio_document(found), output)


def _switch(
    connection: "Connection",
    on: bool,
    revision: str | None,
    timeout: float,
    output: options.Format,
    dry_run: bool,
    yes: bool,
) -> None:
    from grpcdemo.cli.output import Progress, result_width, show
    from grpcdemo.cli.runner import change
    from grpcdemo.steps.istio.switch import SwitchConfig, switch
    from grpcdemo.views.document import pods_document
    from grpcdemo.views.pods import pods_table

    config = SwitchConfig(on=on, namespace=connection.namespace, revision=revision, timeout_s=timeout, shared=yes)
    with Progress(dry_run=dry_run) as progress:
        pods = change(
            connection,
            lambda api: switch(api, config, progress.report),
            report=progress.report,
            yes=yes,
            dry_run=dry_run,
            if_interrupted="it may be half done: give the same command again, or see `grpcdemo istio status`",
        )
    if not dry_run:
        show(pods_table(pods, result_width()), {"pods": pods_document(pods)}, output)
