"""What `istio on` and `istio off` share."""

from grpcdemo.cli.next_command import suggest_next
from grpcdemo.cli.options import Format
from grpcdemo.cli.output import Progress, result_width, show
from grpcdemo.cli.runner import change
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.steps.istio import switch as step
from grpcdemo.views.document import pods_document
from grpcdemo.views.pods import pods_table


def switch(
    target: TargetOptions, config: step.SwitchConfig, form: Format, *, show_commands: bool, dry_run: bool, yes: bool
) -> None:
    with Progress(dry_run=dry_run, commands_of=target.commands_of(shown=show_commands)) as progress:
        pods = change(
            target,
            lambda api: step.switch(api, config, progress.report),
            report=progress.report,
            yes=yes,
            dry_run=dry_run,
            if_interrupted="it may be half done: run the same command again, or see `grpcdemo istio status`",
        )
    if not dry_run:
        show(pods_table(pods, result_width()), {"pods": pods_document(pods)}, form)
        suggest_next(target, "{} shows which pods answer now", "observe")
