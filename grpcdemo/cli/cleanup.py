"""`grpcdemo cleanup`"""

from typing import Annotated

import typer

from grpcdemo.cli import options
from grpcdemo.cli.output import Progress, show_document
from grpcdemo.cli.runner import change
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.errors import NoSandbox
from grpcdemo.manifests import defaults
from grpcdemo.model.progress import Done
from grpcdemo.steps import cleanup as step
from grpcdemo.views.document import cleaned_document

EXAMPLES = {
    "grpcdemo cleanup": "Delete the demo, and wait until it is gone",
    "grpcdemo cleanup --dry-run": "See what would be deleted",
    "grpcdemo cleanup -o json": "Print JSON: what was deleted, and what was kept",
    "grpcdemo cleanup --namespace team-demo --no-wait": "Delete the demo of another namespace, and do not wait",
}


@options.grouped
def cleanup(
    *,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until everything is gone.")] = True,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Delete what grpcdemo created, and nothing else, and wait until it is gone."""
    config = step.CleanupConfig(namespace=target.namespace, timeout_s=timeout, wait=wait and not dry_run)
    with Progress(dry_run=dry_run, commands_of=target.commands_of(shown=show_commands)) as progress:
        try:
            cleaned = change(
                target,
                lambda api: step.cleanup(api, config, progress.report),
                report=progress.report,
                yes=yes,
                dry_run=dry_run,
                if_interrupted="the cluster goes on deleting; `grpcdemo cleanup` waits for it",
            )
        except NoSandbox as none:
            cleaned = []
            progress.report(Done(f"nothing to clean up: {none.message}"))
    if output is options.Format.JSON and not dry_run:
        show_document({"namespaces": [*map(cleaned_document, cleaned)]})
