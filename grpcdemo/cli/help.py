"""`grpcdemo help`"""

from typing import Annotated

import typer

EXAMPLES = {
    "grpcdemo help istio on": "Show the help of a command in a group",
}


def help(
    typed: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="COMMAND", help="Such as `istio on`.")] = None,
) -> None:
    """Show the help of a command, as --help does."""
    root = typed.find_root()
    root.command.main([*(command or ()), "--help"], root.info_name, standalone_mode=False, obj=root.obj)
