"""`grpcdemo completion`"""

from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # there, though not exported

EXAMPLES = {
    "source <(grpcdemo completion bash)": "In the current bash",
    'grpcdemo completion zsh > "${fpath[1]}/_grpcdemo"': "In every new zsh",
    "grpcdemo completion fish > ~/.config/fish/completions/grpcdemo.fish": "In every new fish",
}

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def _parse_shell(name: str) -> str:
    if name in SHELLS:
        return name
    raise typer.BadParameter(f"{name!r} is not one of {', '.join(SHELLS)}")


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", parser=_parse_shell, help=", ".join(SHELLS))],
) -> None:
    """Print a script that lets a shell complete commands, options, contexts, namespaces, and Services.

    For the current shell: source <(grpcdemo completion bash), or grpcdemo completion fish | source
    """
    script = get_completion_script(prog_name="grpcdemo", complete_var="_GRPCDEMO_COMPLETE", shell=shell)
    typer.echo(script)
