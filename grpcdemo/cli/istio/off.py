"""`grpcdemo istio off`"""

from grpcdemo.cli import options
from grpcdemo.cli.istio.switch import switch
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps.istio.switch import SwitchConfig

EXAMPLES = {
    "grpcdemo istio off": "Turn injection off",
    "grpcdemo istio off --dry-run": "See what would change",
    "grpcdemo istio off --timeout 10m": "Wait longer for the pods",
}


@options.grouped
def off(
    *,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Label the namespace, restart both Deployments, and check that no pod has a proxy."""
    config = SwitchConfig(on=False, namespace=target.namespace, timeout_s=timeout, shared=allow_shared_namespace)
    switch(target, config, output, show_commands=show_commands, dry_run=dry_run, yes=yes)
