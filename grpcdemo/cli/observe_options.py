"""The options of `observe`, in groups."""

from dataclasses import dataclass
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.completers import complete_namespaces
from grpcdemo.cli.target_options import PlaceOptions
from grpcdemo.resources.selectors import parse_selector
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.verdict import Criteria, Outcome

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

    HEADING = "When to stop"

    expect: Annotated[
        Outcome | None,
        options.choice(
            "--expect",
            of=(Outcome.PINNED, Outcome.BALANCED),
            help="Stop as soon as the verdict is certain; exit with 3 if it is not this one.",
        ),
    ] = None
    requests: Annotated[
        int | None,
        typer.Option(
            "--requests", metavar="N", parser=options.whole_number(1, MOST_RESPONSES), help="Stop after N responses."
        ),
    ] = None
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for", metavar="DURATION", parser=options.parse_duration, help="Stop after this long, such as 90s or 3m."
        ),
    ] = None

    def ends(self, timeout_s: float) -> Ends:
        return Ends(expect=self.expect, requests=self.requests, seconds=self.seconds, timeout_s=timeout_s)


@dataclass(frozen=True)
class Logged:
    """Which calls of the demo are counted."""

    HEADING = "The demo's calls"

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
            help="Watch pods with these labels instead of the demo's client; they must log calls in the same format.",
        ),
    ] = None
    container: Annotated[
        str | None,
        typer.Option(
            "--container",
            "-c",
            metavar="NAME",
            parser=options.label_value,
            help="The container whose log to read.",
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
            help="The highest accepted probability of a wrong verdict.",
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

    @property
    def criteria(self) -> Criteria:
        return Criteria(self.error_rate, self.tolerance, self.min_responses)


@dataclass(frozen=True)
class Place(PlaceOptions):
    """The target, and a namespace there."""

    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="The demo's namespace, or the Service's.",
            show_default="istio-grpc-demo; for a Service, the context's",
            autocompletion=complete_namespaces,
        ),
    ] = None
