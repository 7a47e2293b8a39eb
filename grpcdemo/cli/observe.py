"""`grpcdemo observe`"""

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.errors import Interrupted

if TYPE_CHECKING:
    from grpcdemo.kube.api import Api
    from grpcdemo.model import Observation
    from grpcdemo.steps.observe import ObserveConfig


class Expected(str, Enum):
    PINNED = "pinned"
    BALANCED = "balanced"


def observe(
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
    namespace: options.Namespace = options.DEFAULT_NAMESPACE,
    timeout: options.Timeout = 180.0,
    output: options.Output = options.Format.TABLE,
) -> None:
    """Watch which server pod answers, until Ctrl-C or the end that you name."""
    from grpcdemo.cli.output import result_width, show
    from grpcdemo.cli.runner import read
    from grpcdemo.cli.target import Connection
    from grpcdemo.steps.observe import ObserveConfig, check_expected
    from grpcdemo.verdict import Outcome
    from grpcdemo.views.document import observation_document
    from grpcdemo.views.observation import observation_view

    expected = Outcome(expect.value) if expect else None
    config = ObserveConfig(namespace, requests, seconds, expected, timeout)
    last: list[Observation] = []
    interrupted: Interrupted | None = None
    try:
        read(Connection(context, kubeconfig, sandbox, namespace), lambda api: _watch(api, config, last))
    except Interrupted as error:
        interrupted = error
    if last:
        show(observation_view(last[-1], result_width()), observation_document(last[-1]), output)
    if interrupted:
        raise interrupted
    if expected:
        check_expected(expected, last[-1])


async def _watch(api: "Api", config: "ObserveConfig", last: "list[Observation]") -> None:
    """Draw each observation, and leave the latest in *last*, also when cancelled."""
    from grpcdemo.cli.output import Progress
    from grpcdemo.steps import observe as step
    from grpcdemo.views.observation import observation_view
    from grpcdemo.views.words import plain_line

    with Progress() as progress:
        async for seen in step.observe(api, config):
            last[:] = [seen]
            progress.draw(partial(observation_view, seen), partial(plain_line, seen))
