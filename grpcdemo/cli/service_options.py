"""The options by which `diagnose` and `observe` learn who calls a Service, and on which port."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.completers import complete_namespaces
from grpcdemo.errors import UsageError
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.steps.sources.source import Choice, SourceConfig


@dataclass(frozen=True)
class Call:
    """Which calls to the Service are meant."""

    HEADING = "Calls to the Service"

    port: Annotated[
        str | None,
        typer.Option(
            "--port",
            metavar="PORT",
            help="The port's name or number.",
            show_default="the only one, or the only one that declares gRPC",
        ),
    ] = None
    client: Annotated[
        str | None, typer.Option("--client", metavar="TYPE/NAME", help="Who calls, such as deploy/web.")
    ] = None
    client_namespace: Annotated[
        str | None,
        typer.Option(
            "--client-namespace",
            metavar="NAME",
            help="The client's namespace.",
            show_default="the Service's",
            autocompletion=complete_namespaces,
        ),
    ] = None


@dataclass(frozen=True)
class Counting:
    """Who counts the calls."""

    HEADING = "Calls to the Service"

    source: Annotated[
        Choice | None,
        options.choice(
            "--source",
            of={choice.value: choice for choice in Choice},
            help="Who counts: the clients' sidecars of Istio (envoy) or Linkerd (linkerd), the servers' of Istio "
            "(istio), the servers in their own metrics (app) or logs (log); connections: who is connected to whom. "
            "auto is the first that can, logs aside.",
            show_default="auto",
        ),
    ] = None
    metrics_port: Annotated[
        MetricsPort | None,
        typer.Option(
            "--metrics-port",
            metavar="PORT[/PATH]",
            parser=options.parse_metrics_port,
            help="Where the servers have their metrics: a port's number or name.",
            show_default="as their pods say",
        ),
    ] = None

    log_match: Annotated[
        re.Pattern[str] | None,
        typer.Option(
            "--log-match",
            metavar="PATTERN",
            parser=options.parse_pattern,
            help="Count the lines of the servers' logs that match; (?P<client>…) in it is the caller's address.",
        ),
    ] = None

    @property
    def config(self) -> SourceConfig:
        choice = self.source or (Choice.LOG if self.log_match else Choice.AUTO)
        return SourceConfig(choice, self.metrics_port, self.log_match)

    def __post_init__(self) -> None:
        if self.source is Choice.LOG and not self.log_match:
            raise UsageError(
                "--source log counts lines, and does not know which",
                hint="say it with --log-match, such as --log-match 'finished call'",
            )
        if self.log_match and self.source not in (None, Choice.LOG):
            raise UsageError(
                f"--log-match is about the servers' logs, which --source {self.source.value} does not read",
                hint="leave it out, or take --source log",
            )
        choice = self.config.choice
        if self.metrics_port and choice not in (Choice.AUTO, Choice.APP):
            raise UsageError(
                f"--metrics-port is about the servers' own metrics, which --source {choice.value} does not read",
                hint="leave it out, or take --source app",
            )
