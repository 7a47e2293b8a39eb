"""`grpcdemo demo`"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.next_command import suggest_next
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.question import can_ask, require_consent
from grpcdemo.cli.runner import change, rehearse
from grpcdemo.cli.story import Story
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.cli.written import Written, check_stdout, written
from grpcdemo.errors import DemoExists, GrpcdemoError, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests import defaults
from grpcdemo.model.result import DemoResult
from grpcdemo.steps import demo as step
from grpcdemo.steps import rehearsal
from grpcdemo.steps.preflight import require_place
from grpcdemo.steps.up import UpConfig
from grpcdemo.views.demo import demo_view
from grpcdemo.views.document import demo_document

EXAMPLES = {
    "grpcdemo demo": "Run on the current cluster, or in the sandbox if there is none",
    "grpcdemo demo --pause --show-commands": "For an audience: stop after each act, and show the kubectl commands",
    "grpcdemo demo --servers 5 --report demo.html --context staging": "On another cluster, with a report",
}


@dataclass(frozen=True)
class Pace:
    """How fast the acts follow each other. Raises UsageError if nobody can press Enter."""

    HEADING = "Pace"

    pause: Annotated[bool, typer.Option("--pause", help="Wait for Enter between the acts.")] = False
    act_seconds: Annotated[
        float,
        typer.Option(
            "--act-seconds",
            metavar="N",
            parser=options.number(0, 3600),
            help="Watch each measurement for at least N seconds.",
            show_default="0",
        ),
    ] = 0.0

    def __post_init__(self) -> None:
        if self.pause and not can_ask():
            raise UsageError(
                "--pause waits for Enter, but there is no terminal",
                hint="leave it out; --act-seconds 10 gives each picture time",
            )


@options.grouped
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Do not delete the demo at the end.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a demo that is already deployed; it is deleted at the end.")
    ] = False,
    pace: Pace,
    deployed: options.Deployed,
    revision: options.Revision = None,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    report: options.ReportFile = None,
    display: options.Display,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Show a client pinned without Istio and balanced with it. Then clean up."""
    up = UpConfig(target.namespace, deployed.settings, timeout_s=timeout, shared=allow_shared_namespace)
    config = step.DemoConfig(up, revision, keep=keep, replace=replace, act_s=pace.act_seconds)
    check_stdout(report, output, table=options.Format.TABLE)
    with written(report) as file:
        if dry_run:
            _rehearse(target, config, display, yes=yes)
            return
        story, result = _tell(target, config, file, display, pauses=pace.pause, yes=yes)
        if not file.takes_stdout:
            picture = demo_view(result, result_width(), bars=not display.plain, sandbox=story.is_of_sandbox)
            show(picture, demo_document(result, story.provenance), output)
    if keep:
        suggest_next(target, "{} shows which pods answer; {} removes the demo", "observe", "cleanup")
    else:
        suggest_next(target, "step by step, {}, then {} while {} runs in another terminal", "up", "observe", "istio on")


def _tell(
    target: TargetOptions,
    config: step.DemoConfig,
    file: Written,
    display: options.Display,
    *,
    pauses: bool,
    yes: bool,
) -> tuple[Story, DemoResult]:
    """Run the demo, and set the *file*'s text to its report, also if it fails."""
    with Progress(plain=display.plain, commands_of=target.commands_of(shown=display.show_commands)) as progress:
        story = Story(config, progress, target.invocation, display, pauses=pauses)
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
            file.text = story.document(error.message) if file.is_wanted else None
            raise
        file.text = story.document() if file.is_wanted else None
    return story, result


async def _ask_for_place(config: step.DemoConfig, api: Api) -> None:
    if config.replace:
        return
    try:
        await require_place(api, config.up.namespace)
    except DemoExists as refusal:
        fate = "Rebuild it?" if config.keep else "Rebuild it, and delete it at the end?"
        await require_consent(f"A demo is deployed in namespace {config.up.namespace}. {fate}", refusal)


def _rehearse(target: TargetOptions, config: step.DemoConfig, display: options.Display, *, yes: bool) -> None:
    with Progress(dry_run=True, commands_of=target.commands_of(shown=display.show_commands)) as progress:
        rehearse(
            target,
            lambda api: rehearsal.rehearse(api, config, progress.report),
            partial(rehearsal.plan, config),
            report=progress.report,
            yes=yes,
        )
