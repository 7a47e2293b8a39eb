"""`grpcdemo observe`"""

from collections.abc import Mapping
from typing import Annotated, NoReturn

import typer

from grpcdemo.cli import options
from grpcdemo.cli.completers import complete_services
from grpcdemo.cli.observe_options import End, Logged, Place, Strictness
from grpcdemo.cli.service_options import Call, Counting
from grpcdemo.cli.watch import Form, Watch, Watched
from grpcdemo.cli.written import check_stdout, written
from grpcdemo.errors import ExitCode, GrpcdemoError, UsageError
from grpcdemo.manifests import defaults
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe import observe as observe_demo
from grpcdemo.steps.observe.expectation import DEMO, check_expected
from grpcdemo.steps.observe.pods import observe_commands
from grpcdemo.steps.observe.service import ServiceObserveConfig, observe_service
from grpcdemo.steps.observe.service.advice import advise, service_commands
from grpcdemo.steps.sources.source import Choice

EXAMPLES = {
    "grpcdemo observe": "Watch the demo until Ctrl-C",
    "grpcdemo observe --expect balanced": "Check in a script: exit code 3 if the traffic is not balanced",
    "grpcdemo observe --for 1m --output json": "Measure for a minute, and print JSON",
    "grpcdemo observe svc/cart --client deploy/web": "Watch your own Service",
}


@options.grouped
def observe(
    *,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[svc/NAME]",
            help="Your own Service; omit it to watch the demo.",
            autocompletion=complete_services,
        ),
    ] = None,
    end: End,
    target: Place,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    form: Annotated[
        Form,
        options.choice(
            "--output",
            "-o",
            of=Form,
            metavar="FORMAT",
            help="At the end: table, json, csv, or markdown. Live: jsonl (a record per second), log (a line per call).",
        ),
    ] = Form.TABLE,
    report: options.ReportFile = None,
    display: options.Display,
    call: Call,
    counting: Counting,
    logged: Logged,
    strictness: Strictness,
) -> None:
    """Watch which server pods answer, until Ctrl-C or a limit that you set."""
    ends, criteria = end.ends(timeout), strictness.criteria
    if service is None:
        _check_demo(call, counting)
        place = target.namespace or defaults.NAMESPACE
        watched = _demo(ObserveConfig(place, ends, logged.since_s, logged.selector, logged.container, criteria))
        advice = DEMO
    else:
        _check_service(counting, logged, form, end)
        subject = call.subject(service, target.namespace)
        watched = _service(ServiceObserveConfig(subject, ends, counting.config, criteria))
        advice = advise(subject)
    check_stdout(report, form, table=Form.TABLE)
    with written(report) as file:
        watch = Watch(watched, form, target, display, reports=file.is_wanted)
        failure = watch.follow()
        if file.is_wanted:
            file.text = watch.document(failure)
        watch.show(on_stdout=not file.takes_stdout)
    if failure:
        _raise(failure, ends_by_hand=bool(watch.last) and not end.expect)
    if watch.last:
        check_expected(ends, watch.last, advice)


def _refuse(why: str, given: Mapping[str, object], *, hint: str) -> None:
    """Raises UsageError if any of these options is *given*."""
    if typed := [name for name, value in given.items() if value]:
        raise UsageError(f"--{typed[0].replace('_', '-')} {why}", hint=hint)


def _check_demo(call: Call, counting: Counting) -> None:
    """Raises UsageError if an option is about a Service."""
    _refuse("needs a Service", {**vars(call), **vars(counting)}, hint="name it, such as `grpcdemo observe svc/NAME`")


def _check_service(counting: Counting, logged: Logged, form: Form, end: End) -> None:
    """Raises UsageError if an option is about the demo, or about what is not counted."""
    _refuse("is about the demo's log", vars(logged), hint="leave it out, or leave out the Service")
    if form is Form.LOG:
        raise UsageError("--output log is about the demo's log", hint="use another format, such as jsonl")
    if counting.config.choice is Choice.CONNECTIONS and end.requests:
        raise UsageError("--requests limits requests, which --source connections does not count", hint="use --for")


def _demo(config: ObserveConfig) -> Watched:
    return Watched(
        lambda api, on_line: observe_demo(api, config, on_line),
        config.namespace,
        observe_commands(config),
        looks_back=config.since_s is not None,
    )


def _service(config: ServiceObserveConfig) -> Watched:
    subject = config.subject
    return Watched(lambda api, _: observe_service(api, config), subject.namespace, service_commands(subject))


def _raise(failure: GrpcdemoError, *, ends_by_hand: bool) -> NoReturn:
    """End with *failure*. Ctrl-C is the end of one without another, and no error: only the exit code tells of it."""
    if ends_by_hand and failure.exit_code is ExitCode.INTERRUPTED:
        raise typer.Exit(failure.exit_code)
    raise failure
