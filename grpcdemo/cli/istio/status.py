"""`grpcdemo istio status`"""

import typer

from grpcdemo.cli import options
from grpcdemo.cli.output import result_width, show
from grpcdemo.cli.runner import read
from grpcdemo.cli.target import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps.istio.status import istio_status
from grpcdemo.views.document import istio_document
from grpcdemo.views.status import istio_view


def status(
    typed: typer.Context,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    output: options.Output = options.Format.TABLE,
) -> None:
    """Show Istio's version and injectors, what the namespace's label does, and which pods have a proxy."""
    target = TargetOptions(typed.obj, context, kubeconfig, sandbox, namespace)
    result = read(target, lambda api: istio_status(api, namespace))
    show(istio_view(result, result_width()), istio_document(result), output)
