"""`grpcdemo observe`"""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, NoReturn

import typer

from grpcdemo.cli import options
from grpcdemo.cli.invocation import Invocation
from grpcdemo.cli.live import draw, result
from grpcdemo.cli.output import Progress, console, show_document, show_picture, show_text
from grpcdemo.cli.runner import read
from grpcdemo.cli.streams import Lines, Records, Stream
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.cli.written import check_stdout, written
from grpcdemo.errors import ExitCode, GrpcdemoError, Interrupted
from grpcdemo.kube.client.api import Api
from grpcdemo.manifests import defaults
from grpcdemo.model.observation import Observation
from grpcdemo.model.progress import Warned
from grpcdemo.model.result import Provenance
from grpcdemo.resources.selectors import parse_selector
from grpcdemo.steps import observe as step
from grpcdemo.steps.clock import describe_clocks
from grpcdemo.steps.observe.expectation import check_expected
from grpcdemo.steps.observe.pods import observe_commands
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.verdict import Criteria, Outcome
from grpcdemo.views.document import observation_document
from grpcdemo.views.markdown import observation_markdown
from grpcdemo.views.observation import verdict_text
from grpcdemo.views.report import observation_report
from grpcdemo.views.spreadsheet import observation_csv

EXAMPLES = {
    "grpcdemo observe": "Watch until Ctrl-C",
    "grpcdemo observe --expect balanced": "Check in a script: exit code 3 if it is not balanced",
    "grpcdemo observe --for 1m --output json": "Measure for a minute, for another program",
}


class Form(str, Enum):
    """How the observation is printed on stdout: at the end or, as a stream, while it goes on."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    JSONL = "jsonl"
    LOG = "log"


STREAMS: dict[Form, type[Stream]] = {Form.JSONL: Records, Form.LOG: Lines}
QUOTABLE = (Form.JSON, Form.MARKDOWN)
"""These say where the observation comes from, as the report does."""


MOST_RESPONSES = 10**9
"""More than a log can hold."""


def _check_selector(text: str) -> str:
    try:
        parse_selector(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a label selector such as app=web,tier!=cache") from error
    return text


def _parse_since(value: str) -> float:
    if seconds := options.parse_duration(value):
        return seconds
    raise typer.BadParameter("it must be longer than 0s")


@dataclass(frozen=True)
class End:
    """When the observation ends."""

    HEADING = "End"

    expect: Annotated[
        Outcome | None,
        options.choice(
            "--expect",
            of={outcome.value: outcome for outcome in (Outcome.PINNED, Outcome.BALANCED)},
            help="End as soon as the verdict is certain; exit 3 if it is not this one.",
        ),
    ] = None
    requests: Annotated[
        int | None,
        typer.Option(
            "--requests", metavar="N", parser=options.whole_number(1, MOST_RESPONSES), help="End after N responses."
        ),
    ] = None
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for", metavar="DURATION", parser=options.parse_duration, help="End after this long, such as 90s or 3m."
        ),
    ] = None


@dataclass(frozen=True)
class Source:
    """Which calls are counted."""

    HEADING = "Calls"

    since_s: Annotated[
        float | None,
        typer.Option(
            "--since",
            metavar="DURATION",
            parser=_parse_since,
            help="Also count the calls logged in the last 90s, 10m, or 1h30m.",
        ),
    ] = None
    selector: Annotated[
        str | None,
        typer.Option(
            "--selector",
            "-l",
            metavar="LABELS",
            parser=_check_selector,
            help="Watch the pods with these labels instead of the demo's client; they must log calls as it does.",
        ),
    ] = None
    container: Annotated[
        str | None,
        typer.Option(
            "--container",
            "-c",
            metavar="NAME",
            parser=options.label_value,
            help="Their container that writes the log.",
            show_default="grpc-client",
        ),
    ] = None


@dataclass(frozen=True)
class Strictness:
    """How certain and how even."""

    HEADING = "Verdict"

    min_responses: Annotated[
        int,
        typer.Option(
            "--min-responses",
            metavar="N",
            parser=options.whole_number(0, MOST_RESPONSES),
            help="Give no verdict before this many responses.",
        ),
    ] = Criteria.min_responses
    error_rate: Annotated[
        float,
        typer.Option(
            "--error-rate",
            metavar="P",
            parser=options.number(1e-12, 0.5),
            help="How often a verdict may be wrong, at most.",
        ),
    ] = Criteria.error_rate
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance",
            metavar="PART",
            parser=options.number(0.01, 0.99),
            help="A pod with this much less weight than the others is uneven; 0.5 is half.",
        ),
    ] = Criteria.tolerance


@options.grouped
def observe(
    *,
    end: End,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    form: Annotated[
        Form,
        options.choice(
            "--output",
            "-o",
            of={form.value: form for form in Form},
            metavar="FORM",
            help="At the end: table, json, csv, markdown. As it runs: jsonl (a record a second), log (calls' lines).",
        ),
    ] = Form.TABLE,
    report: options.ReportFile = None,
    display: options.Display,
    source: Source,
    strictness: Strictness,
) -> None:
    """Watch which server pods answer, until Ctrl-C or the end that you set."""
    config = step.ObserveConfig(
        namespace=target.namespace,
        requests=end.requests,
        seconds=end.seconds,
        expect=end.expect,
        timeout_s=timeout,
        **vars(source),
        criteria=Criteria(**vars(strictness)),
    )
    check_stdout(report, form, table=Form.TABLE)
    with written(report) as file:
        watch = _Watch(config, form, target.invocation, display, quoted=file.is_wanted or form in QUOTABLE)
        failure = watch.follow(target)
        if file.is_wanted:
            file.text = watch.document(failure)
        watch.show(on_stdout=not file.takes_stdout)
    if failure:
        _raise(failure, ends_by_hand=bool(watch.last) and not end.expect)
    if watch.last:
        check_expected(config, watch.last)


def _raise(failure: GrpcdemoError, *, ends_by_hand: bool) -> NoReturn:
    """End with *failure*. Ctrl-C is the end of one without another, and no error: only the exit code tells of it."""
    if ends_by_hand and failure.exit_code is ExitCode.INTERRUPTED:
        raise typer.Exit(failure.exit_code)
    raise failure


class _Watch:
    """One observation: shows it while it runs, and keeps the latest state, even if it is canceled."""

    def __init__(
        self, config: step.ObserveConfig, form: Form, invocation: Invocation, display: options.Display, *, quoted: bool
    ) -> None:
        self._config = config
        self._form = form
        self._invocation = invocation
        self._display = display
        self._quoted = quoted
        self._provenance: Provenance | None = None
        self.last: Observation | None = None

    def follow(self, target: TargetOptions) -> GrpcdemoError | None:
        """Watch until the end, or until what is returned: what was seen until then is shown all the same."""
        commands_of = target.commands_of(shown=self._display.show_commands)
        with Progress(plain=self._display.plain, commands_of=commands_of) as progress:
            try:
                read(target, partial(self._run, progress), report=progress.report)
            except GrpcdemoError as error:
                return error
        return None

    async def _run(self, progress: Progress, api: Api) -> None:
        progress.show_commands(observe_commands(self._config))
        await self._tell_clocks(progress, api)
        if self._quoted:
            self._provenance = await read_provenance(api, self._config.namespace, self._invocation.command_line)
        if self._form in STREAMS:
            await self._stream(api, STREAMS[self._form]())
            return
        async for observation in step.observe(api, self._config):
            self.last = observation
            draw(observation, progress, self._display, self._invocation)

    async def _tell_clocks(self, progress: Progress, api: Api) -> None:
        """Times of the past are the cluster's, which may not be those that the user reads off a clock."""
        if self._config.since_s is None:
            return
        await api.version()
        if difference := describe_clocks(api.clock_ahead_s or 0.0):
            progress.report(Warned(f"{difference}; --since goes by the cluster's"))

    async def _stream(self, api: Api, stream: Stream) -> None:
        try:
            async for observation in step.observe(api, self._config, stream.line):
                self.last = observation
                stream.update(observation)
        finally:
            stream.end()

    def document(self, failure: GrpcdemoError | None) -> str | None:
        """The report as HTML; None before the first observation."""
        if not (self.last and self._provenance):
            return None
        lost = failure.message if failure and not isinstance(failure, Interrupted) else None
        return observation_report(self.last, self._provenance, lost)

    def show(self, *, on_stdout: bool) -> None:
        """Print the result, if there is one. A stream, or a report, is on stdout: show only the verdict, on stderr."""
        observation = self.last
        if observation is None:
            return
        if self._form is Form.CSV:
            show_text(observation_csv(observation))
        elif self._form is Form.MARKDOWN and self._provenance:
            show_text(observation_markdown(observation, self._provenance))
        elif self._form is Form.JSON:
            show_document(observation_document(observation, self._provenance))
        elif self._form is Form.TABLE and on_stdout:
            show_picture(result(observation, self._display, self._invocation))
        else:
            console(stderr=True).print(verdict_text(observation.verdict))
