"""`grpcdemo demo`"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.manifests import defaults

if TYPE_CHECKING:
    from grpcdemo.cli.output import Progress
    from grpcdemo.kube.api import Api
    from grpcdemo.model import DemoResult, Provenance
    from grpcdemo.steps.demo import DemoConfig


def demo(
    typed: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the demo in the cluster at the end.")] = False,
    servers: options.Servers = defaults.SERVERS,
    clients: options.Clients = defaults.CLIENTS,
    rate: options.Rate = defaults.RATE,
    image_prefix: options.ImagePrefix = None,
    revision: options.Revision = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = 180.0,
    output: options.Output = options.Format.TABLE,
    report: options.Report = None,
    plain: options.Plain = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Tell the whole story: pinned without Istio, balanced with it; and clean up."""
    from grpcdemo.cli.output import Progress, show
    from grpcdemo.cli.runner import change
    from grpcdemo.cli.target import Connection
    from grpcdemo.cli.written import written
    from grpcdemo.steps import demo as step
    from grpcdemo.steps.up import UpConfig
    from grpcdemo.views.demo import demo_view
    from grpcdemo.views.document import demo_document
    from grpcdemo.views.report import demo_report

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
    with written(report) as file, Progress(plain=plain) as progress:
        result, provenance = change(
            connection,
            lambda api: _tell(api, config, progress, options.command_line(typed)),
            report=progress.report,
            yes=yes,
            starts=True,
            if_interrupted="see with `grpcdemo status` whether anything is left, and remove it with `grpcdemo cleanup`",
        )
        if report:
            file.text = demo_report(result, provenance)
    show(demo_view(result, bars=not plain), demo_document(result, provenance), output)


async def _tell(
    api: "Api", config: "DemoConfig", progress: "Progress", command: str
) -> "tuple[DemoResult, Provenance]":
    """The story, and what it was told with."""
    from grpcdemo.steps.demo import demo as story
    from grpcdemo.steps.provenance import read_provenance
    from grpcdemo.views.observation import observation_view
    from grpcdemo.views.words import plain_line

    provenance = await read_provenance(api, config.up.namespace, command)
    result = await story(
        api,
        config,
        progress.report,
        lambda seen: progress.draw(partial(observation_view, seen), partial(plain_line, seen)),
    )
    return result, provenance
