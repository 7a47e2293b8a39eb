"""`grpcdemo sandbox kubeconfig`"""

import typer

from grpcdemo.sandbox.state import find_running, find_state

EXAMPLES = {
    'kubectl --kubeconfig "$(grpcdemo sandbox kubeconfig)" get pods -A': "Look into the sandbox with kubectl",
}


def kubeconfig() -> None:
    """Print the path of the sandbox's kubeconfig, for `export KUBECONFIG=$(grpcdemo sandbox kubeconfig)`.

    Print it even if no sandbox runs, and exit 1: an empty KUBECONFIG would lead kubectl to your own cluster, a missing
    file leads it nowhere.
    """
    state = find_state()
    typer.echo(state.kubeconfig)
    find_running(state)
