"""`grpcdemo compare`"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.options import QuotableFormat
from grpcdemo.cli.output import Progress, result_width, show_document, show_picture, show_text
from grpcdemo.cli.runner import change, rehearse
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.cli.written import Written, check_stdout, written
from grpcdemo.cures import CURES, NAMES, find_cure
from grpcdemo.cures.cure import Change, Cure
from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests import defaults
from grpcdemo.model.comparison import BASELINE
from grpcdemo.model.result import Provenance
from grpcdemo.steps import compare as step
from grpcdemo.steps.compare.config import CLIENTS, RATE, ROUNDS, Timing
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.verdict.paired import MOST_PAIRS
from grpcdemo.views.comparison import comparison_view
from grpcdemo.views.comparison_document import comparison_document, comparison_markdown
from grpcdemo.views.comparison_report import comparison_report

EXAMPLES = {
    "grpcdemo compare": "Measure every cure that this cluster can run",
    "grpcdemo compare --cures none,headless --rounds 1 --sandbox": "Two of them, one round, without a cluster",
    "grpcdemo compare --may-change cluster -o markdown": "Recommend cures without code changes, for a design document",
}


def parse_cures(text: str) -> frozenset[Cure]:
    """With the baseline. Raises UsageError."""
    return frozenset(map(find_cure, [BASELINE, *map(str.strip, text.split(","))]))


def parse_changes(text: str) -> frozenset[Change]:
    """What a user may change. Raises typer.BadParameter."""
    names = {change.value: change for change in Change}
    words = [word.strip() for word in text.split(",")]
    if wrong := [word for word in words if word not in names]:
        raise typer.BadParameter(f"{wrong[0]!r} is not one of {', '.join(names)}")
    return frozenset(names[word] for word in words)


@dataclass(frozen=True)
class Compared:
    """What is compared, and how."""

    HEADING = "What to compare"

    cures: Annotated[
        frozenset[Cure] | None,
        typer.Option(
            "--cures",
            metavar="LIST",
            parser=parse_cures,
            help=f"Which cures: {', '.join(NAMES)}. `{BASELINE}` is always one of them.",
            show_default="all",
        ),
    ] = None
    may_change: Annotated[
        frozenset[Change] | None,
        typer.Option(
            "--may-change",
            metavar="LIST",
            parser=parse_changes,
            help="Recommend only cures that change no more than these: client, server (their code), cluster.",
            show_default="client,server,cluster",
        ),
    ] = None
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds",
            metavar="N",
            parser=options.whole_number(1, MOST_PAIRS),
            help="Measure each cure N times in steady state.",
            show_default=str(ROUNDS),
        ),
    ] = ROUNDS
    servers: Annotated[
        int,
        typer.Option(
            "--servers",
            metavar="N",
            parser=options.whole_number(2, 100),
            help="Number of server pods per cure.",
            show_default=str(defaults.SERVERS),
        ),
    ] = defaults.SERVERS
    clients: Annotated[
        int,
        typer.Option(
            "--clients",
            metavar="N",
            parser=options.whole_number(1, 100),
            help="Number of client pods of the cure being measured.",
            show_default=str(CLIENTS),
        ),
    ] = CLIENTS
    rate: Annotated[
        float,
        typer.Option(
            "--rate",
            metavar="R",
            parser=options.number(1, 500),
            help="Calls per second of each client.",
            show_default=f"{RATE:g}",
        ),
    ] = RATE
    watch: Annotated[
        float,
        typer.Option(
            "--watch",
            metavar="DURATION",
            parser=options.parse_duration,
            help="How long to wait, after a scale-up, for the new pod to get its share of the calls.",
            show_default=format_duration(Timing.new_pod_s),
        ),
    ] = Timing.new_pod_s
    image_prefix: options.ImagePrefix = None
    envoy_image: Annotated[
        str | None,
        typer.Option(
            "--envoy-image",
            metavar="IMAGE",
            help="The image for the cure `envoy`: any image that contains Envoy.",
            show_default="the sidecar's image",
        ),
    ] = None
    resources: options.ContainerResources = None


@options.grouped
def compare(
    *,
    compared: Compared,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.QuotableOutput = QuotableFormat.TABLE,
    report: options.ReportFile = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Measure the cures for pinned gRPC clients side by side. Then clean up."""
    config = _config(compared, target, timeout)
    check_stdout(report, output, table=QuotableFormat.TABLE)
    with written(report) as file, Progress(dry_run=dry_run) as progress:
        if dry_run:
            _rehearse(target, config, progress, yes=yes)
        else:
            _compare(target, config, progress, file, output, yes=yes)


def _config(compared: Compared, target: TargetOptions, timeout_s: float) -> step.CompareConfig:
    return step.CompareConfig(
        cures=tuple(cure for cure in CURES if compared.cures is None or cure in compared.cures),
        namespace=target.namespace,
        servers=compared.servers,
        clients=compared.clients,
        rate=compared.rate,
        rounds=compared.rounds,
        image_prefix=compared.image_prefix,
        envoy_image=compared.envoy_image,
        resources=compared.resources,
        may_change=frozenset(Change) if compared.may_change is None else compared.may_change,
        timeout_s=timeout_s,
        timing=Timing(new_pod_s=compared.watch),
    )


def _compare(
    target: TargetOptions,
    config: step.CompareConfig,
    progress: Progress,
    file: Written,
    output: QuotableFormat,
    *,
    yes: bool,
) -> None:
    """Show what was measured, also if it is not all."""
    told = _Told(target, config, progress)
    try:
        change(
            target,
            told.compare,
            report=progress.report,
            yes=yes,
            starts=True,
            if_interrupted="`grpcdemo cleanup` removes what is left",
        )
    except GrpcdemoError as error:
        told.show(file, output, failure=error.message)
        raise
    told.show(file, output)


class _Told:
    """A comparison, and what is known of it so far."""

    def __init__(self, target: TargetOptions, config: step.CompareConfig, progress: Progress) -> None:
        self._target = target
        self._config = config
        self._progress = progress
        self._results = step.Results()
        self._provenance: Provenance | None = None

    async def compare(self, api: Api) -> None:
        command = self._target.invocation.command_line
        self._provenance = await read_provenance(api, self._config.namespace, command)
        await step.compare(api, self._config, self._results, self._progress.report)

    def show(self, file: Written, output: QuotableFormat, failure: str | None = None) -> None:
        comparison, provenance = self._results.comparison, self._provenance
        if comparison is None or provenance is None:
            return
        if file.is_wanted:
            file.text = comparison_report(comparison, provenance, failure)
        if output is QuotableFormat.JSON:
            show_document(comparison_document(comparison, provenance))
        elif output is QuotableFormat.MARKDOWN:
            show_text(comparison_markdown(comparison, provenance))
        elif not file.takes_stdout:
            show_picture(comparison_view(comparison, result_width(), sandbox=provenance.sandbox))


def _rehearse(target: TargetOptions, config: step.CompareConfig, progress: Progress, *, yes: bool) -> None:
    rehearse(
        target,
        lambda api: step.rehearse(api, config, progress.report),
        partial(step.plan, config),
        report=progress.report,
        yes=yes,
    )
