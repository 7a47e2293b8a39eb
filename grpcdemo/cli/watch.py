"""An observation as `observe` shows it: live, and its result at the end, even if it is canceled."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from grpcdemo.cli.live import draw, result
from grpcdemo.cli.options import Display
from grpcdemo.cli.output import Progress, console, show_document, show_picture, show_text
from grpcdemo.cli.runner import read
from grpcdemo.cli.streams import Lines, Records, Stream
from grpcdemo.cli.target_options import ClusterOptions
from grpcdemo.errors import GrpcdemoError, Interrupted, Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.model.observation import Observation
from grpcdemo.model.progress import Warned
from grpcdemo.model.result import Provenance
from grpcdemo.steps.clock import describe_clocks
from grpcdemo.steps.observe.observer import OnLine
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.views.document import observation_document
from grpcdemo.views.markdown import observation_markdown
from grpcdemo.views.observation import verdict_text
from grpcdemo.views.report import observation_report
from grpcdemo.views.spreadsheet import observation_csv
from grpcdemo.word import Word


class Form(Word):
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


@dataclass(frozen=True)
class Watched:
    """What is observed: the demo, or a Service."""

    observe: Callable[[Api, OnLine | None], AsyncIterator[Observation]]
    """It may call back with each line of a log that it counts."""
    namespace: str | None
    """None for the context's own."""
    commands: Sequence[Kubectl]
    """What shows the same by hand."""
    looks_back: bool = False
    """It begins in the past."""


class Watch:
    """Keeps the latest state."""

    def __init__(
        self, watched: Watched, form: Form, target: ClusterOptions, display: Display, *, reports: bool
    ) -> None:
        self._watched = watched
        self._form = form
        self._target = target
        self._display = display
        self._quoted = reports or form in QUOTABLE
        self._provenance: Provenance | None = None
        self.last: Observation | None = None

    def follow(self) -> GrpcdemoError | None:
        """Watch until the end, or until what is returned: what was seen until then is shown all the same."""
        commands_of = self._target.commands_of(shown=self._display.show_commands)
        with Progress(plain=self._display.plain, commands_of=commands_of) as progress:
            try:
                read(self._target, partial(self._run, progress), report=progress.report)
            except GrpcdemoError as error:
                return error
        return None

    async def _run(self, progress: Progress, api: Api) -> None:
        progress.show_commands(self._watched.commands)
        await self._tell_clocks(progress, api)
        if self._quoted:
            namespace = self._watched.namespace or api.target.own_namespace
            self._provenance = await read_provenance(api, namespace, self._target.invocation.command_line)
        if self._form in STREAMS:
            await self._stream(api, STREAMS[self._form]())
            return
        async for observation in self._watched.observe(api, None):
            self.last = observation
            draw(observation, progress, self._display, self._target.invocation)

    async def _tell_clocks(self, progress: Progress, api: Api) -> None:
        """Times of the past are the cluster's, which may not be those that the user reads off a clock."""
        if not self._watched.looks_back:
            return
        await api.version()
        if difference := describe_clocks(api.clock_ahead_s or 0.0):
            progress.report(Warned(f"{difference}; --since uses the cluster's clock"))

    async def _stream(self, api: Api, stream: Stream) -> None:
        try:
            async for observation in self._watched.observe(api, stream.line):
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
            show_picture(result(observation, self._display, self._target.invocation))
        else:
            console(stderr=True).print(verdict_text(observation.verdict))
