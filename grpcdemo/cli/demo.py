"""`grpcdemo demo`"""

from functools import partial
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.invocation import Gone, Invocation
from grpcdemo.cli.next_command import suggest_next
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.question import require_consent
from grpcdemo.cli.runner import SANDBOX_STARTED, change
from grpcdemo.cli.target import TargetOptions
from grpcdemo.cli.written import written
from grpcdemo.errors import DemoExists, GrpcdemoError, NoSandbox
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests import defaults
from grpcdemo.model.result import DemoResult, Phase, Provenance
from grpcdemo.steps import demo as step
from grpcdemo.steps.preflight import require_place
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.steps.up import UpConfig
from grpcdemo.views.demo import demo_view
from grpcdemo.views.document import demo_document
from grpcdemo.views.observation import observation_view
from grpcdemo.views.report import demo_report
from grpcdemo.views.words import plain_line


@options.grouped
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the demo in the cluster at the end.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Rebuild, and at the end delete, a demo that is deployed there.")
    ] = False,
    deployed: options.Deployed,
    revision: options.Revision = None,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    report: options.ReportFile = None,
    plain: options.Plain = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Tell the whole story: pinned without Istio, balanced with it. Then clean up."""
    config = step.DemoConfig(
        up=UpConfig(target.namespace, **vars(deployed), timeout_s=timeout, shared=allow_shared_namespace),
        revision=revision,
        keep=keep,
        replace=replace,
    )
    with written(report) as file:
        if dry_run:
            _rehearse(target, config, yes=yes)
            return
        with Progress(plain=plain) as progress:
            story = _Story(config, progress, target.invocation)
            try:
                result = change(
                    target,
                    story.tell,
                    report=progress.report,
                    yes=yes,
                    starts=True,
                    ask=partial(_ask_for_place, config),
                    if_interrupted="`grpcdemo status` shows whether anything is left, `grpcdemo cleanup` removes it",
                )
            except GrpcdemoError as error:
                file.text = story.report(error.message) if report else None
                raise
        file.text = story.report() if report else None
        sandbox = bool(story.provenance and story.provenance.sandbox)
        picture = demo_view(result, result_width(), bars=not plain, sandbox=sandbox)
        show(picture, demo_document(result, story.provenance), output)
    if keep:
        suggest_next(target, "{} shows which pods answer; {} removes the demo", "observe", "cleanup")
    else:
        suggest_next(target, "step by step, {}, then {} while {} runs in another terminal", "up", "observe", "istio on")


async def _ask_for_place(config: step.DemoConfig, api: Api) -> None:
    if config.replace:
        return
    try:
        await require_place(api, config.up.namespace)
    except DemoExists as refusal:
        fate = "Rebuild it?" if config.keep else "Rebuild it, and delete it at the end?"
        await require_consent(f"A demo is deployed in namespace {config.up.namespace}. {fate}", refusal)


def _rehearse(target: TargetOptions, config: step.DemoConfig, *, yes: bool) -> None:
    with Progress(dry_run=True) as progress:
        try:
            change(
                target,
                lambda api: step.rehearse(api, config, progress.report),
                report=progress.report,
                yes=yes,
                dry_run=True,
                starts=True,
            )
        except NoSandbox:  # nothing starts one for a dry run
            progress.report(SANDBOX_STARTED)
            step.plan(config, progress.report)


class _Story:
    """Draws the story as it is told, and keeps it for the report, even when it fails."""

    def __init__(self, config: step.DemoConfig, progress: Progress, invocation: Invocation) -> None:
        self._config = config
        self._progress = progress
        self._invocation = invocation
        self._phases: dict[str, Phase] = {}
        self.provenance: Provenance | None = None

    async def tell(self, api: Api) -> DemoResult:
        self.provenance = await read_provenance(api, self._config.up.namespace, self._invocation.command_line)
        return await step.demo(api, self._config, self._progress.report, self._show, self._forget)

    def _forget(self) -> None:
        self._invocation.gone = Gone(self._config.up.namespace, "repeat it with --keep to look at what is there then")

    def _show(self, phase: Phase) -> None:
        self._phases[phase.title] = phase
        observation = phase.observation
        flags = self._invocation.kubectl_flags
        self._progress.draw(
            partial(observation_view, observation, kubectl_flags=flags), partial(plain_line, observation, flags)
        )

    def report(self, failure: str | None = None) -> str | None:
        """As HTML; None before the first observation."""
        if not (self.provenance and self._phases):
            return None
        return demo_report([*self._phases.values()], self.provenance, failure)
