"""`grpcdemo sandbox start|stop|status|kubeconfig`"""

import typer

app = typer.Typer(
    help="A small stand-in for a cluster, on this machine, with real Envoys (experimental).",
    no_args_is_help=True,
    rich_markup_mode=None,
)

HINT = "start it with `grpcdemo sandbox start`"


@app.command()
def start() -> None:
    """Start the sandbox, unless it runs already, and print its kubeconfig's path."""
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.runner import run
    from grpcdemo.model import Done, Waiting
    from grpcdemo.sandbox.process import start as start_daemon
    from grpcdemo.sandbox.state import find_state, running

    state = find_state()
    with Progress() as progress:
        if running(state) is None:
            progress.report(Waiting("the sandbox to start"))
        started = run(start_daemon(state), if_interrupted="see with `grpcdemo sandbox status` whether it runs")
        progress.report(Done("the sandbox runs" if started else "the sandbox runs already"))
    typer.echo(state.kubeconfig)


@app.command()
def stop() -> None:
    """End the sandbox, and with it every pod and proxy in it."""
    from grpcdemo.cli.output import Progress
    from grpcdemo.cli.runner import run
    from grpcdemo.model import Done
    from grpcdemo.sandbox.process import stop as stop_daemon
    from grpcdemo.sandbox.state import find_state

    with Progress() as progress:
        stopped = run(stop_daemon(find_state()), if_interrupted="see with `grpcdemo sandbox status` whether it runs")
        progress.report(Done("the sandbox has ended" if stopped else "no sandbox runs"))


@app.command()
def status() -> None:
    """Say whether the sandbox runs; exit 1 if not."""
    from grpcdemo.errors import GrpcdemoError
    from grpcdemo.sandbox.state import find_state, running

    state = find_state()
    pid = running(state)
    if pid is None:
        raise GrpcdemoError("no sandbox runs", hint=HINT)
    typer.echo(f"the sandbox runs as process {pid}; its log is {state.log}")


@app.command()
def kubeconfig() -> None:
    """Print the path of the sandbox's kubeconfig, for `export KUBECONFIG=$(grpcdemo sandbox kubeconfig)`."""
    from grpcdemo.errors import GrpcdemoError
    from grpcdemo.sandbox.state import find_state, running

    state = find_state()
    if not running(state):
        raise GrpcdemoError("no sandbox runs", hint=HINT)
    typer.echo(state.kubeconfig)


@app.command(hidden=True)
def serve(root: str, ready: int) -> None:
    """Be the sandbox: keep it in folder ROOT, and write a byte to descriptor READY once it serves."""
    import asyncio
    import logging
    import os
    import signal
    from pathlib import Path

    from grpcdemo.sandbox.daemon import serve as serve_sandbox
    from grpcdemo.sandbox.state import State

    def say_ready() -> None:
        os.write(ready, b"1")
        os.close(ready)

    async def until_told_to_end() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve_sandbox(State(Path(root)), say_ready, stop)

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    asyncio.run(until_told_to_end())
