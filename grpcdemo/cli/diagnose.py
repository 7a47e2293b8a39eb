"""`grpcdemo diagnose`"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from grpcdemo.cli import options
from grpcdemo.cli.completers import complete_namespaces, complete_services
from grpcdemo.cli.options import QuotableFormat
from grpcdemo.cli.output import Progress, result_width, show_document, show_picture, show_text
from grpcdemo.cli.probe_options import Probing
from grpcdemo.cli.runner import read
from grpcdemo.cli.service_options import Call, Counting
from grpcdemo.cli.target_options import PlaceOptions
from grpcdemo.cli.written import check_stdout, written
from grpcdemo.diagnosis.examination import Conclusion, Diagnosis
from grpcdemo.errors import ExitCode, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Reporter
from grpcdemo.model.result import Provenance
from grpcdemo.steps import diagnose as step
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.views.diagnosis import diagnoses_view, diagnosis_view
from grpcdemo.views.diagnosis_document import (
    diagnoses_document,
    diagnoses_markdown,
    diagnosis_document,
    diagnosis_markdown,
)
from grpcdemo.views.diagnosis_report import diagnosis_report

EXAMPLES = {
    "grpcdemo diagnose svc/checkout --namespace shop": "See whether a Service's clients are pinned, why, and the cure",
    "grpcdemo diagnose svc/checkout --client deploy/web --for 30s": "Examine one client, and measure for longer",
    "grpcdemo diagnose --all-namespaces": "List every gRPC Service",
}

LONGEST_S = 20.0
"""How long traffic is measured, unless the user says otherwise."""


@dataclass(frozen=True)
class Place(PlaceOptions):
    """The target, and a namespace there as kubectl chooses it."""

    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="The Service's namespace.",
            show_default="the context's",
            autocompletion=complete_namespaces,
        ),
    ] = None


@dataclass(frozen=True)
class Traffic:
    """Whether and how long the traffic is measured."""

    HEADING = "Traffic"

    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            parser=options.parse_duration,
            help="The longest time to measure traffic.",
            show_default="20s",
        ),
    ] = None
    skipped: Annotated[bool, typer.Option("--no-traffic", help="Read the configuration only.")] = False

    def __post_init__(self) -> None:
        if self.skipped and self.seconds is not None:
            raise UsageError("--for is about traffic, which --no-traffic does not measure", hint="choose one of them")

    @property
    def longest_s(self) -> float | None:
        """None for not at all."""
        if self.skipped:
            return None
        return LONGEST_S if self.seconds is None else self.seconds


@options.grouped
def diagnose(
    *,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[svc/NAME]",
            help="The Service; omit it to list all gRPC Services.",
            autocompletion=complete_services,
        ),
    ] = None,
    call: Call,
    counting: Counting,
    traffic: Traffic,
    probing: Probing,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="List the gRPC Services of all namespaces.")
    ] = False,
    output: options.QuotableOutput = QuotableFormat.TABLE,
    report: options.ReportFile = None,
    place: Place,
) -> None:
    """Explain why a gRPC client stays on one pod of a Service, and how to cure it. Only --probe changes anything."""
    printed = Printed(output, report)
    if service is None:
        _check_all(call, counting, traffic, probing)
        _diagnose_all(place, printed, everywhere=everywhere)
    else:
        _check_one(counting, traffic, probing, everywhere=everywhere)
        config = step.DiagnoseConfig(
            call.subject(service, place.namespace),
            traffic_s=traffic.longest_s,
            source=counting.config,
            probe=probing.config,
        )
        _diagnose_one(place, config, printed)


def _check_all(call: Call, counting: Counting, traffic: Traffic, probing: Probing) -> None:
    """Raises UsageError if an option is about one Service."""
    if any({**vars(call), **vars(counting)}.values()) or traffic.seconds is not None or probing.probe:
        raise UsageError(
            "--port, --client, --source, --metrics-port, --log-match, --probe and --for need a Service",
            hint="name it, such as `grpcdemo diagnose svc/NAME`",
        )


def _check_one(counting: Counting, traffic: Traffic, probing: Probing, *, everywhere: bool) -> None:
    """Raises UsageError if the options contradict the Service, or each other."""
    if everywhere:
        raise UsageError("--all-namespaces looks at all Services", hint="leave out the Service's name, or the option")
    if any(vars(counting).values()) and traffic.skipped:
        raise UsageError(
            "--source, --metrics-port and --log-match are about traffic, which --no-traffic does not measure",
            hint="choose one of them",
        )
    if probing.probe and (traffic.skipped or any(vars(counting).values())):
        raise UsageError(
            "--probe counts traffic itself: it cannot be combined with --source, --metrics-port, --log-match or "
            "--no-traffic",
            hint="choose one of them",
        )


@dataclass(frozen=True)
class Printed:
    """Where the result goes."""

    form: QuotableFormat
    report: Path | None


def _diagnose_one(place: Place, config: step.DiagnoseConfig, printed: Printed) -> None:
    async def diagnose_it(api: Api, report: Reporter) -> list[Diagnosis]:
        return [await step.diagnose(api, config, report)]

    def show(diagnoses: Sequence[Diagnosis], flags: Sequence[str]) -> None:
        if printed.form is QuotableFormat.JSON:
            show_document(diagnosis_document(diagnoses[0], flags))
        else:
            _show(diagnoses[0], flags, printed.form)

    _diagnose(place, diagnose_it, show, printed)


def _diagnose_all(place: Place, printed: Printed, *, everywhere: bool) -> None:
    """A line for each; if there is only one, it in full."""

    async def diagnose_them(api: Api, _: Reporter) -> list[Diagnosis]:
        return await step.diagnose_all(api, place.namespace, everywhere=everywhere)

    def show(diagnoses: Sequence[Diagnosis], flags: Sequence[str]) -> None:
        if printed.form is QuotableFormat.JSON:
            show_document(diagnoses_document(diagnoses, flags))
        elif len(diagnoses) == 1:
            _show(diagnoses[0], flags, printed.form)
        elif printed.form is QuotableFormat.MARKDOWN:
            show_text(diagnoses_markdown(diagnoses))
        else:
            show_picture(diagnoses_view(diagnoses, result_width()))

    _diagnose(place, diagnose_them, show, printed)


def _diagnose(
    place: Place,
    work: Callable[[Api, Reporter], Awaitable[list[Diagnosis]]],
    show: Callable[[Sequence[Diagnosis], Sequence[str]], None],
    printed: Printed,
) -> NoReturn:
    """Look, write the report if one is wanted, and *show* the result unless the report takes its place."""

    async def look(api: Api) -> tuple[list[Diagnosis], Provenance | None]:
        provenance = await _provenance(api, place) if file.is_wanted else None
        return await work(api, progress.report), provenance

    check_stdout(printed.report, printed.form, table=QuotableFormat.TABLE)
    with written(printed.report) as file:
        with Progress() as progress:
            diagnoses, provenance = read(place, look, report=progress.report)
        flags = place.invocation.kubectl_flags
        if provenance:
            file.text = diagnosis_report(diagnoses, provenance, flags)
        if not file.takes_stdout:
            show(diagnoses, flags)
    raise typer.Exit(_exit_code(diagnoses))


async def _provenance(api: Api, place: Place) -> Provenance:
    return await read_provenance(api, place.namespace or api.target.own_namespace, place.invocation.command_line)


def _show(diagnosis: Diagnosis, flags: Sequence[str], form: QuotableFormat) -> None:
    if form is QuotableFormat.MARKDOWN:
        show_text(diagnosis_markdown(diagnosis, flags))
    else:
        show_picture(diagnosis_view(diagnosis, flags, result_width()))


def _exit_code(diagnoses: Sequence[Diagnosis]) -> ExitCode:
    """That of the worst. Where nothing was diagnosed, nothing can be told."""
    conclusions = {diagnosis.overall for diagnosis in diagnoses}
    if Conclusion.CAUSED in conclusions:
        return ExitCode.UNEXPECTED_VERDICT
    if Conclusion.OPEN in conclusions or not conclusions:
        return ExitCode.NOT_ENOUGH_RESPONSES
    return ExitCode.DONE
