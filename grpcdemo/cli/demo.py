"""`grpcdemo demo`"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests import defaults

if TYPE_CHECKING:
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.target import Connection
    from grpcdemo.kube.api import Api
    from grpcdemo.model import DemoResult, Phase, Provenance
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
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    report: options.ReportFile = None,
    plain: options.Plain = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Tell the whole story: pinned without Istio, balanced with it; and clean up."""
    from grpcdemo.cli.output import Progress, show
    from grpcdemo.cli.runner import change
    from grpcdemo.cli.target import Connection
    from grpcdemo.cli.written import written
    from grpcdemo.steps.demo import DemoConfig
    from grpcdemo.steps.up import UpConfig
    from grpcdemo.views.demo import demo_view
    from grpcdemo.views.document import demo_document

    config = DemoConfig(
        up=UpConfig(namespace, servers, clients, rate, image_prefix, timeout, shared=yes),
        revision=revision,
        keep=keep,
    )
    connection = Connection(typed.obj, context, kubeconfig, sandbox, namespace)
    if dry_run:
        _rehearse(connection, config, yes=yes)
        return
    with written(report) as file, Progress(plain=plain) as progress:
        story = _Story(config, progress, typed.obj.command_line)
        try:
            result = change(
                connection,
                story.tell,
                report=progress.report,
                yes=yes,
                starts=True,
                if_interrupted="see with `grpcdemo status` whether anything is left, and remove it with "
                "`grpcdemo cleanup`",
            )
        except GrpcdemoError as error:
            file.text = story.report(error.message) if report else None
            raise
        if report:
            file.text = story.report()
    show(demo_view(result, bars=not plain), demo_document(result, story.provenance), output)


def _rehearse(connection: "Connection", config: "DemoConfig", *, yes: bool) -> None:
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.runner import change
    from grpcdemo.steps.demo import rehearse

    with Progress(dry_run=True) as progress:
        change(
            connection,
            lambda api: rehearse(api, config, progress.report),
            report=progress.report,
            yes=yes,
            dry_run=True,
            starts=True,
        )


class _Story:
    """The story while it is told: draws what is seen, and keeps it, also where the story fails."""

    def __init__(self, config: "DemoConfig", progress: "Progress", command: str) -> None:
        self._config = config
        self._progress = progress
        self._command = command
        self._phases: dict[str, Phase] = {}
        self.provenance: Provenance | None = None

    async def tell(self, api: "Api") -> "DemoResult":
        from grpcdemo.steps.demo import demo as story
        from grpcdemo.steps.provenance import read_provenance

        self.provenance = await read_provenance(api, self._config.up.namespace, self._command)
        return await story(api, self._config, self._progress.report, self._seen)

    def _seen(self, phase: "Phase") -> None:
        from grpcdemo.views.observation import observation_view
        from grpcdemo.views.words import plain_line

        self._phases[phase.title] = phase
        seen = phase.observation
        self._progress.draw(partial(observation_view, seen), partial(plain_line, seen))

    def report(self, failure: str | None = None) -> str | None:
        """As HTML; None where nothing was seen."""
        from grpcdemo.views.report import demo_report

        return (
            demo_report([*self._phases.values()], self.provenance, failure)
            if self.provenance and self._phases
            else None
        )
