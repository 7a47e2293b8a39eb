"""`grpcdemo check`"""

import typer

from grpcdemo.cli import options
from grpcdemo.cli.next_command import suggest_next
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.runner import read
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.cli.terminal import check_terminal
from grpcdemo.errors import ExitCode, NoSandbox
from grpcdemo.model.check import Check, State
from grpcdemo.steps.check import check as step
from grpcdemo.steps.check.target import check_files
from grpcdemo.steps.up import UpConfig
from grpcdemo.views.check import check_document, check_view

EXAMPLES = {
    "grpcdemo check": "Before a talk: would the demo run on the current cluster?",
    "grpcdemo check --namespace team-demo --context staging": "In your own namespace, on another cluster",
    "grpcdemo check --output json": "Print JSON for a script",
}


@options.grouped
def check(*, deployed: options.Deployed, target: TargetOptions, output: options.Output = options.Format.TABLE) -> None:
    """Check everything that the demo needs, and change nothing: API server, permissions, Istio, images, terminal.

    Exit with 1 if the demo would fail.
    """
    config = UpConfig(target.namespace, deployed.settings)
    with Progress() as progress:
        try:
            checks = read(target, lambda api: step(api, config), report=progress.report)
        except NoSandbox:
            checks = [Check("target", State.OK, "the sandbox on this machine, which `demo` starts"), check_files()]
    checks.append(check_terminal())
    flags = target.invocation.kubectl_flags
    show(check_view(checks, flags, result_width()), check_document(checks, flags), output)
    if any(one.state is State.FAILED for one in checks):
        raise typer.Exit(ExitCode.FAILED)
    suggest_next(target, "{} runs the demo", "demo")
