"""`grpcdemo sandbox start`"""

import typer

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.output import Progress
from grpcdemo.model.progress import Done, Waiting
from grpcdemo.sandbox import process
from grpcdemo.sandbox.state import find_state, running

EXAMPLES = {
    "grpcdemo sandbox start": "Start it, and keep it until `sandbox stop`",
}


def start() -> None:
    """Start the sandbox, unless it runs already, and print the path of its kubeconfig."""
    state = find_state()
    with Progress() as progress:
        if running(state) is None:
            progress.report(Waiting("the sandbox to start"))
        started = run(process.start(state), if_interrupted="`grpcdemo sandbox status` shows whether it runs")
        progress.report(Done("the sandbox runs" if started else "the sandbox runs already"))
    typer.echo(state.kubeconfig)
