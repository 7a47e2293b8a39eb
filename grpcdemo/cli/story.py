"""The demo as it is told at a terminal: act by act, with pauses, and kept for the report, even when it fails."""

from __future__ import annotations

from functools import partial

from rich.text import Text

from grpcdemo.cli.invocation import Gone, Invocation
from grpcdemo.cli.live import draw
from grpcdemo.cli.options import Display
from grpcdemo.cli.output import Progress
from grpcdemo.cli.question import wait_for_enter
from grpcdemo.kube.client.api import Api
from grpcdemo.model.act import Act, Scene
from grpcdemo.model.progress import Done, StepEvent, Waiting
from grpcdemo.model.result import DemoResult, Phase, Provenance
from grpcdemo.steps import demo as step
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe.pods import log_command
from grpcdemo.steps.provenance import read_provenance
from grpcdemo.verdict import Verdict
from grpcdemo.views.report import demo_report
from grpcdemo.views.story import because, flow, heading, introduction


class Story(step.Audience):
    """Shows the demo on *progress*; with *pauses*, each act after the first begins when Enter is pressed."""

    def __init__(
        self, config: step.DemoConfig, progress: Progress, invocation: Invocation, display: Display, *, pauses: bool
    ) -> None:
        self._config = config
        self._display = display
        self._progress = progress
        self._invocation = invocation
        self._pauses = pauses
        self._phases: dict[str, Phase] = {}
        self.provenance: Provenance | None = None

    async def tell(self, api: Api) -> DemoResult:
        self.provenance = await read_provenance(api, self._config.up.namespace, self._invocation.command_line)
        try:
            return await step.demo(api, self._config, self._report, self)
        finally:
            self._progress.stand()

    @property
    def is_of_sandbox(self) -> bool:
        return bool(self.provenance and self.provenance.sandbox)

    def document(self, failure: str | None = None) -> str | None:
        """The report as HTML; None before the first observation."""
        if not (self.provenance and self._phases):
            return None
        return demo_report([*self._phases.values()], self.provenance, failure)

    async def begin(self, scene: Scene) -> None:
        title = heading(scene.act)
        if scene.act is not Act.DEPLOY:
            await self._pause(title)
        self._progress.say(Text.assemble("\n", (title, "bold"), f"\n{introduction(scene)}"))
        self._progress.sketch(partial(flow, scene))

    def show(self, phase: Phase) -> None:
        self._phases[phase.title] = phase
        draw(phase.observation, self._progress, self._display, self._invocation)

    def end(self, scene: Scene) -> None:
        stands = self._progress.stand()
        if scene.observation:
            self._say_verdict(scene.observation.verdict, is_shown=stands and not self._display.big)
        self._progress.say(Text(because(scene)))

    async def before_cleanup(self) -> None:
        await self._pause("the cleanup")
        self._progress.say(Text("\nClean up", "bold"))

    def cleaned(self) -> None:
        self._invocation.gone = Gone(self._config.up.namespace, "repeat it with --keep to inspect the demo")

    def _say_verdict(self, verdict: Verdict, *, is_shown: bool) -> None:
        """Unless the picture above has shown it with its reason."""
        logs = log_command(ObserveConfig(self._config.up.namespace), "--tail", "40")
        if is_shown:
            self._progress.show_commands([logs])
        else:
            self._progress.report(Done(f"{verdict.outcome.value}: {verdict.reason}", commands=(logs,)))

    async def _pause(self, following: str) -> None:
        """The end of the input (Ctrl-D) ends the pauses, not the demo."""
        if self._pauses:
            self._pauses = await wait_for_enter(f"Press Enter for {following}")

    def _report(self, event: StepEvent) -> None:
        if not isinstance(event, Waiting):
            self._progress.stand()
        self._progress.report(event)
