"""`grpcdemo istio on`"""

from grpcdemo.cli import options
from grpcdemo.cli.istio.switch import switch
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps.istio.switch import SwitchConfig

EXAMPLES = {
    "grpcdemo istio on": "Turn injection on",
    "grpcdemo istio on --revision canary": "With a specific Istio revision",
    "grpcdemo istio on --dry-run": "See what would change",
}


@options.grouped
def on(
    *,
    revision: options.Revision = None,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Label the namespace, restart both Deployments, and check that every pod has a proxy."""
    config = SwitchConfig(
        on=True, namespace=target.namespace, revision=revision, timeout_s=timeout, shared=allow_shared_namespace
    )
    switch(target, config, output, show_commands=show_commands, dry_run=dry_run, yes=yes)
