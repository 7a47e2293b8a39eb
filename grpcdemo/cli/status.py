"""`grpcdemo status`"""

from grpcdemo.cli import options
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.runner import read
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.steps.status import read_status, status_commands
from grpcdemo.views.document import status_document
from grpcdemo.views.status import status_view

EXAMPLES = {
    "grpcdemo status": "Show the demo of the current context",
    "grpcdemo status --context staging": "Show the demo of another context",
    "grpcdemo status --output json": "Print JSON for a script",
}


@options.grouped
def status(
    *,
    target: TargetOptions,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
) -> None:
    """Show the demo at a glance: target, namespace and its label, pods, proxies."""
    with Progress(commands_of=target.commands_of(shown=show_commands)) as progress:
        result = read(target, lambda api: read_status(api, target.namespace), report=progress.report)
        progress.show_commands(status_commands(target.namespace))
    show(status_view(result, result_width()), status_document(result), output)
