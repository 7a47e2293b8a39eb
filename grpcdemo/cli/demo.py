"""`grpcdemo demo`"""

from functools import partial
from typing import Annotated

import typer

from grpcdemo.cli import options


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the demo in the cluster at the end.")] = False,
    servers: options.Servers = 3,
    clients: options.Clients = 1,
    rate: options.Rate = 20.0,
    image_prefix: options.ImagePrefix = None,
    revision: options.Revision = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = options.DEFAULT_NAMESPACE,
    timeout: options.Timeout = 180.0,
    output: options.Output = options.Format.TABLE,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Tell the whole story: pinned without Istio, balanced with it; and clean up."""
    from grpcdemo.cli.output import Progress, show
    from grpcdemo.cli.runner import change
    from grpcdemo.cli.target import Connection
    from grpcdemo.steps import demo as step
    from grpcdemo.steps.up import UpConfig
    from grpcdemo.views.demo import demo_view
    from grpcdemo.views.document import demo_document
    from grpcdemo.views.observation import observation_view
    from grpcdemo.views.words import plain_line

    config = step.DemoConfig(
        up=UpConfig(namespace, servers, clients, rate, image_prefix, timeout, shared=yes),
        revision=revision,
        keep=keep,
    )
    connection = Connection(context, kubeconfig, sandbox, namespace)
    if dry_run:
        with Progress(dry_run=True) as progress:
            change(
                connection,
                lambda api: step.rehearse(api, config, progress.report),
                report=progress.report,
                yes=yes,
                dry_run=True,
                starts=True,
            )
        return
    with Progress() as progress:
        result = change(
            connection,
            lambda api: step.demo(
                api,
                config,
                progress.report,
                lambda seen: progress.draw(partial(observation_view, seen), partial(plain_line, seen)),
            ),
            report=progress.report,
            yes=yes,
            starts=True,
            if_interrupted="see with `grpcdemo status` whether anything is left, and remove it with `grpcdemo cleanup`",
        )
    show(demo_view(result), demo_document(result), output)
