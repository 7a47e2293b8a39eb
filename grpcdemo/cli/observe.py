"""`grpcdemo observe`"""

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.duration import parse_duration
from grpcdemo.errors import Interrupted
from grpcdemo.manifests import defaults

if TYPE_CHECKING:
    from grpcdemo.cli.streams import Stream
    from grpcdemo.kube.api import Api
    from grpcdemo.model import Observation, Provenance
    from grpcdemo.steps.observe import ObserveConfig


class Expected(str, Enum):
    PINNED = "pinned"
    BALANCED = "balanced"


class Form(str, Enum):
    """How what is observed is printed on stdout: at the end, or, as a stream, while it goes on."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    JSONL = "jsonl"
    LOG = "log"


QUOTABLE = (Form.JSON, Form.MARKDOWN)
"""What says where it comes from, as the report does."""


def observe(
    typed: typer.Context,
    expect: Annotated[
        Expected | None,
        typer.Option(
            "--expect",
            help="End as soon as the verdict is certain; exit 3 if it is another.",
            show_default=False,
        ),
    ] = None,
    requests: Annotated[
        int | None,
        typer.Option("--requests", metavar="N", min=1, help="End after N responses.", show_default=False),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=0, help="End after this long.", show_default=False),
    ] = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: Annotated[
        Form,
        typer.Option(
            "--output",
            "-o",
            metavar="FORM",
            help="How to print the result: table, json, csv, markdown; or, while it goes on, jsonl (a record a second) "
            "or log (the calls' own lines).",
        ),
    ] = Form.TABLE,
    report: options.ReportFile = None,
    plain: options.Plain = False,
    since: Annotated[
        float | None,
        typer.Option(
            "--since",
            metavar="DURATION",
            parser=parse_duration,
            help="Count also what was logged in the last, say, 90s, 10m or 1h30m.",
            show_default=False,
        ),
    ] = None,
    selector: Annotated[
        str | None,
        typer.Option(
            "--selector",
            "-l",
            metavar="LABELS",
            help="Watch the pods with these labels instead of our client's, if they write such a log.",
            show_default=False,
        ),
    ] = None,
    container: Annotated[
        str | None,
        typer.Option(
            "--container",
            "-c",
            metavar="NAME",
            help="The container in them that writes it.",
            show_default="grpc-client",
        ),
    ] = None,
    min_responses: Annotated[
        int,
        typer.Option("--min-responses", metavar="N", min=0, help="No verdict before so many responses."),
    ] = 0,
    error_rate: Annotated[
        float,
        typer.Option(
            "--error-rate", metavar="P", min=1e-12, max=0.5, help="How often a verdict may be wrong, at most."
        ),
    ] = 1e-4,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance",
            metavar="PART",
            min=0.01,
            max=0.99,
            help="From how much less weight than the others on one pod is uneven: 0.5 is half.",
        ),
    ] = 0.5,
) -> None:
    """Watch which server pod answers, until Ctrl-C or the end that you name."""
    from grpcdemo.cli.runner import read
    from grpcdemo.cli.target import Connection
    from grpcdemo.cli.written import written
    from grpcdemo.steps.expectation import check_expected
    from grpcdemo.steps.observe import ObserveConfig
    from grpcdemo.verdict import Criteria, Outcome

    expected = Outcome(expect.value) if expect else None
    config = ObserveConfig(
        namespace=namespace,
        requests=requests,
        seconds=seconds,
        expect=expected,
        timeout_s=timeout,
        since_s=since,
        selector=selector,
        container=container,
        criteria=Criteria(error_rate, tolerance, min_responses),
    )
    quoted = typed.obj.command_line if report or output in QUOTABLE else None
    watch = _Watch(config, output, quoted, plain=plain)
    interrupted: Interrupted | None = None
    with written(report) as file:
        try:
            read(Connection(typed.obj, context, kubeconfig, sandbox, namespace), watch.run)
        except Interrupted as error:
            interrupted = error
        if watch.last and report:
            file.text = watch.report()
    if watch.last:
        watch.show()
    if interrupted:
        raise interrupted
    if expected and watch.last:
        check_expected(expected, watch.last)


class _Watch:
    """One observation: draws it while it goes on, and keeps the latest, also when it is cancelled."""

    def __init__(self, config: "ObserveConfig", form: Form, quoted: str | None, *, plain: bool) -> None:
        self._config = config
        self._form = form
        self._quoted = quoted
        self._plain = plain
        self._provenance: Provenance | None = None
        self.last: Observation | None = None

    async def run(self, api: "Api") -> None:
        from grpcdemo.cli.output import Progress
        from grpcdemo.steps import observe as step
        from grpcdemo.steps.provenance import read_provenance
        from grpcdemo.views.observation import observation_view
        from grpcdemo.views.words import plain_line

        if self._quoted:
            self._provenance = await read_provenance(api, self._config.namespace, self._quoted)
        stream = _stream(self._form)
        try:
            with Progress(plain=self._plain) as progress:
                async for seen in step.observe(api, self._config, stream.line if stream else None):
                    self.last = seen
                    if stream:
                        stream.seen(seen)
                    else:
                        progress.draw(partial(observation_view, seen), partial(plain_line, seen))
        finally:
            if stream:
                stream.end()

    def report(self) -> str:
        from grpcdemo.views.report import observation_report

        assert self.last and self._provenance
        return observation_report(self.last, self._provenance)

    def show(self) -> None:
        """Print the result; of a stream, which has told it, the verdict alone, on stderr."""
        from grpcdemo.cli import output
        from grpcdemo.views.document import observation_document
        from grpcdemo.views.markdown import observation_markdown
        from grpcdemo.views.observation import observation_view, verdict_text
        from grpcdemo.views.spreadsheet import observation_csv

        assert self.last
        seen = self.last
        if self._form is Form.CSV:
            output.show_text(observation_csv(seen))
        elif self._form is Form.MARKDOWN and self._provenance:
            output.show_text(observation_markdown(seen, self._provenance))
        elif self._form is Form.JSON:
            output.show_document(observation_document(seen, self._provenance))
        elif self._form is Form.TABLE:
            output.show_picture(observation_view(seen, output.result_width(), bars=not self._plain))
        else:
            output.console(stderr=True).print(verdict_text(seen.verdict))


def _stream(form: Form) -> "Stream | None":
    from grpcdemo.cli.streams import Lines, Records

    if form is Form.JSONL:
        return Records()
    return Lines() if form is Form.LOG else None
