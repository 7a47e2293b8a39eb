"""`grpcdemo sandbox status`"""

import typer

from grpcdemo.sandbox.state import find_running, find_state

EXAMPLES = {
    "grpcdemo sandbox status": "Ask in a script: exit code 1 if it does not run",
}


def status() -> None:
    """Show whether the sandbox runs; exit 1 if not."""
    state = find_state()
    typer.echo(f"the sandbox runs as process {find_running(state)}; its log is {state.log}")
