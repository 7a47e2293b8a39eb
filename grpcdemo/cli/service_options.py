"""The options that tell `diagnose` and `observe` who calls a Service, and on which port."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.completers import complete_namespaces
from grpcdemo.errors import UsageError
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.steps.sources.source import Choice, SourceConfig
from grpcdemo.steps.subject import Subject


@dataclass(frozen=True)
class Call:
    """Which calls to the Service are meant."""

    HEADING = "Calls to the Service"

    port: Annotated[
        str | None,
        typer.Option(
            "--port",
            metavar="PORT",
            help="The Service's port, by name or number.",
            show_default="the only port, or the only one that declares gRPC",
        ),
    ] = None
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="TYPE/NAME", help="The workload that calls the Service, such as deploy/web."),
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

    def subject(self, service: str, namespace: str | None) -> Subject:
        return Subject(service, namespace, self.port, self.client, self.client_namespace)


@dataclass(frozen=True)
class Counting:
    """Who counts the calls."""

    HEADING = "Calls to the Service"

    source: Annotated[
        Choice | None,
        options.choice(
            "--source",
            of=Choice,
            help="Where to read the traffic: the clients' Istio sidecars (envoy) or Linkerd proxies (linkerd), the "
            "servers' Istio sidecars (istio), or the servers' own metrics (app), logs (log), or open connections "
            "(connections). auto is the first of these that works, except log.",
            show_default="auto",
        ),
    ] = None
    metrics_port: Annotated[
        MetricsPort | None,
        typer.Option(
            "--metrics-port",
            metavar="PORT[/PATH]",
            parser=options.parse_metrics_port,
            help="The servers' metrics port, by number or name.",
            show_default="discovered",
        ),
    ] = None

    log_match: Annotated[
        re.Pattern[str] | None,
        typer.Option(
            "--log-match",
            metavar="PATTERN",
            parser=options.parse_pattern,
            help="Count the lines of the servers' logs that match; a group (?P<client>…) is the caller's address.",
        ),
    ] = None

    @property
    def config(self) -> SourceConfig:
        choice = self.source or (Choice.LOG if self.log_match else Choice.AUTO)
        return SourceConfig(choice, self.metrics_port, self.log_match)

    def __post_init__(self) -> None:
        if self.source is Choice.LOG and not self.log_match:
            raise UsageError(
                "--source log needs to know which lines to count",
                hint="select them with --log-match, such as --log-match 'finished call'",
            )
        if self.log_match and self.source not in (None, Choice.LOG):
            raise UsageError(
                f"--log-match is about the servers' logs, which --source {self.source.value} does not read",
                hint="leave it out, or use --source log",
            )
        choice = self.config.choice
        if self.metrics_port and choice not in (Choice.AUTO, Choice.APP):
            raise UsageError(
                f"--metrics-port is about the servers' own metrics, which --source {choice.value} does not read",
                hint="leave it out, or use --source app",
            )
