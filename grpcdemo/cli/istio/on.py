"""`grpcdemo istio on`"""

import typer

from grpcdemo.cli import options
from grpcdemo.cli.istio.switch import switch
from grpcdemo.cli.target import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps.istio.switch import SwitchConfig


def on(
    typed: typer.Context,
    revision: options.Revision = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    sandbox: options.Sandbox = False,
    namespace: options.Namespace = defaults.NAMESPACE,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Label the namespace, restart both Deployments, and check that every pod has a proxy."""
    config = SwitchConfig(
        on=True, namespace=namespace, revision=revision, timeout_s=timeout, shared=allow_shared_namespace
    )
    target = TargetOptions(typed.obj, context, kubeconfig, sandbox, namespace)
    switch(target, config, output, dry_run=dry_run, yes=yes)
