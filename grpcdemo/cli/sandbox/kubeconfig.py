"""`grpcdemo sandbox kubeconfig`"""

import typer

from grpcdemo.sandbox.state import find_running, find_state


def kubeconfig() -> None:
    """Print the path of the sandbox's kubeconfig, for `export KUBECONFIG=$(grpcdemo sandbox kubeconfig)`."""
    state = find_state()
    find_running(state)
    typer.echo(state.kubeconfig)
