"""`grpcdemo status`"""

import typer

from grpcdemo.cli import options
from grpcdemo.cli.output import result_width, show
from grpcdemo.cli.runner import read
from grpcdemo.cli.target import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps.status import read_status
from grpcdemo.views.document import status_document
from grpcdemo.views.status import status_view


def status(
    typed: typer.Context,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    output: options.Output = options.Format.TABLE,
) -> None:
    """Show the demo at a glance: target, namespace and its label, pods, proxies."""
    target = TargetOptions(typed.obj, context, kubeconfig, sandbox, namespace)
    result = read(target, lambda api: read_status(api, namespace))
    show(status_view(result, result_width()), status_document(result), output)
