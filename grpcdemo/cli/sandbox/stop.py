"""`grpcdemo sandbox stop`"""

from grpcdemo.cli.interrupts import run
from grpcdemo.cli.output import Progress
from grpcdemo.model.progress import Done
from grpcdemo.sandbox import process
from grpcdemo.sandbox.state import find_state

EXAMPLES = {
    "grpcdemo sandbox stop": "Stop it, and everything in it",
}


def stop() -> None:
    """Stop the sandbox, and with it every pod and proxy in it."""
    with Progress() as progress:
        stopped = run(process.stop(find_state()), if_interrupted="`grpcdemo sandbox status` shows whether it runs")
        progress.report(Done("the sandbox has stopped" if stopped else "no sandbox runs"))
