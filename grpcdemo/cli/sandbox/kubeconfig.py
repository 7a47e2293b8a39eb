"""`grpcdemo sandbox kubeconfig`"""

import typer

from grpcdemo.sandbox.state import find_running, find_state

EXAMPLES = {
    'kubectl --kubeconfig "$(grpcdemo sandbox kubeconfig)" get pods -A': "Use kubectl with the sandbox",
}


def kubeconfig() -> None:
    """Print the path of the sandbox's kubeconfig, for `export KUBECONFIG=$(grpcdemo sandbox kubeconfig)`.

    Without a running sandbox, print the same path and exit with 1: with an empty KUBECONFIG, kubectl would use your own
    cluster; with a missing file, it uses none.
    """
    state = find_state()
    typer.echo(state.kubeconfig)
    find_running(state)
