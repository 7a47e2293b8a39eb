"""`grpcdemo cleanup`"""

from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.output import Progress
from grpcdemo.cli.runner import change
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.errors import NoSandbox
from grpcdemo.manifests import defaults
from grpcdemo.model.progress import Done
from grpcdemo.steps import cleanup as step

EXAMPLES = {
    "grpcdemo cleanup": "Delete the demo, and wait until it is gone",
    "grpcdemo cleanup --dry-run": "See what would be deleted",
    "grpcdemo cleanup --namespace team-demo --no-wait": "Delete another one, and do not wait",
}


@options.grouped
def cleanup(
    *,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until everything is gone.")] = True,
    show_commands: options.ShowCommands = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Delete what grpcdemo created, and nothing else, and wait until it is gone."""
    config = step.CleanupConfig(namespace=target.namespace, timeout_s=timeout, wait=wait and not dry_run)
    with Progress(dry_run=dry_run, commands_of=target.commands_of(shown=show_commands)) as progress:
        try:
            change(
                target,
                lambda api: step.cleanup(api, config, progress.report),
                report=progress.report,
                yes=yes,
                dry_run=dry_run,
                if_interrupted="the cluster goes on deleting; `grpcdemo cleanup` waits for it",
            )
        except NoSandbox as none:
            progress.report(Done(f"nothing to clean up: {none.message}"))
