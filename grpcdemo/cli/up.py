"""`grpcdemo up`"""

from functools import partial

from grpcdemo.cli import options
from grpcdemo.cli.next_command import suggest_next
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.runner import change, rehearse
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.manifests import defaults
from grpcdemo.steps import up as step
from grpcdemo.views.document import pods_document
from grpcdemo.views.pods import pods_table

EXAMPLES = {
    "grpcdemo up": "Deploy three server pods and one client pod",
    "grpcdemo up --servers 5 --clients 2": "Change the number of pods",
    "grpcdemo up --image-prefix registry.example.com/team": "Pull the images from your own registry",
}


@options.grouped
def up(
    *,
    deployed: options.Deployed,
    target: TargetOptions,
    timeout: options.Timeout = defaults.TIMEOUT_S,
    output: options.Output = options.Format.TABLE,
    show_commands: options.ShowCommands = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    allow_shared_namespace: options.AllowSharedNamespace = False,
) -> None:
    """Deploy the server and client, and wait until every pod is ready. Run it again to change the demo.

    A new demo has no proxies. An existing demo keeps its size, label, and proxies, unless an option changes them.
    """
    config = step.UpConfig(target.namespace, deployed.settings, timeout_s=timeout, shared=allow_shared_namespace)
    with Progress(dry_run=dry_run, commands_of=target.commands_of(shown=show_commands)) as progress:
        work, report = partial(step.up, config=config, report=progress.report), progress.report
        if dry_run:
            rehearse(target, work, partial(step.plan, config), report=report, yes=yes)
            return
        again = "continue with `grpcdemo up`, or remove what is there with `grpcdemo cleanup`"
        pods = change(target, work, report=report, yes=yes, starts=True, if_interrupted=again)
    show(pods_table(pods, result_width()), {"pods": pods_document(pods)}, output)
    suggest_next(target, "{} shows which pods answer", "observe")
