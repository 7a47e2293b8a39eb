"""`grpcdemo istio status`"""

from grpcdemo.cli import options
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.runner import read
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.steps.istio.status import istio_commands, istio_status
from grpcdemo.views.document import istio_document
from grpcdemo.views.status import istio_view

EXAMPLES = {
    "grpcdemo istio status": "Show which injector is active, and which pods have a proxy",
    "grpcdemo istio status --context staging": "On another cluster",
    "grpcdemo istio status --output json": "Print JSON for a script",
}


@options.grouped
def status(
    *,
    target: TargetOptions,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
) -> None:
    """Show Istio's version and injectors, what the namespace's label does, and which pods have a proxy."""
    with Progress(commands_of=target.commands_of(shown=show_commands)) as progress:
        result = read(target, lambda api: istio_status(api, target.namespace), report=progress.report)
        progress.show_commands(istio_commands(target.namespace))
    show(istio_view(result, result_width()), istio_document(result), output)
