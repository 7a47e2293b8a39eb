"""`grpcdemo sandbox status`"""

import json

import typer

from grpcdemo.cli import options
from grpcdemo.sandbox.state import find_running, find_state

EXAMPLES = {
    "grpcdemo sandbox status": "Check in a script: exit code 1 if it does not run",
}


def status(*, output: options.Output = options.Format.TABLE) -> None:
    """Show whether the sandbox runs; exit with 1 if not."""
    state = find_state()
    process = find_running(state)
    if output is options.Format.JSON:
        document = {"process": process, "log": str(state.log), "kubeconfig": str(state.kubeconfig)}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(f"the sandbox runs as process {process}; its log is {state.log}")
