"""What is wrong with a command line, in our words: the only place that tells Typer's errors apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import typer

from grpcdemo.errors import UsageError
from grpcdemo.near_miss import find_near

UsageProblem = cast("type[Exception]", typer.BadParameter.__base__)
"""The base of Typer's errors about what was typed. It has no public name, nor have the others."""

COMMANDS = {
    "grpcdemo": {
        "up": "deploy create apply install",
        "observe": "watch follow measure top logs log",
        "demo": "run show story",
        "cleanup": "down delete remove destroy clean clean-up teardown uninstall",
        "status": "get ps pods ls list",
        "manifests": "yaml template render",
        "istio on": "on enable inject mesh",
        "istio off": "off disable",
        "sandbox start": "start",
        "sandbox stop": "stop",
        "images build": "build",
        "images load": "load",
        "images push": "push",
        "completion": "complete completions autocomplete",
    },
    "grpcdemo istio": {"on": "enable enabled inject start", "off": "disable disabled stop"},
    "grpcdemo sandbox": {"start": "up run", "stop": "down delete"},
    "grpcdemo images": {"load": "import", "save": "export", "push": "publish"},
}
"""What other programs call a command, below the one that it follows."""
OPTIONS = {
    "--servers": "--replicas --server --pods --scale",
    "--clients": "--client",
    "--rate": "--qps --rps",
    "--for": "--duration --seconds --time",
    "--requests": "--count --responses --samples",
    "--context": "--kube-context --ctx --cluster",
    "--namespace": "--ns",
    "--image-prefix": "--registry --image --repository",
    "--revision": "--rev --tag",
    "--output": "--json --format",
    "--report": "--html --out",
    "--yes": "--force --assume-yes",
    "--selector": "--label --labels",
    "--sandbox": "--local",
}
"""What other programs call an option."""


@contextmanager
def told_of(ctx: Any) -> Iterator[None]:
    """Tell Typer's problems of their command: those of its parser do not always know."""
    try:
        yield
    except UsageProblem as problem:
        problem.ctx = problem.ctx or ctx  # type: ignore[attr-defined]  # typed as Exception above
        raise


def translate(problem: Any) -> UsageError:
    """Typer's *problem* as an error of ours."""
    command = problem.ctx.command_path if problem.ctx else "grpcdemo"
    param = getattr(problem, "param", None)
    if hasattr(problem, "possibilities"):
        if hasattr(problem.ctx.command, "commands"):
            return _no_leading_option(command, problem.option_name, _options(problem.ctx))
        return _no_such_option(command, problem.option_name, _options(problem.ctx))
    if hasattr(problem, "option_name"):
        name = problem.option_name
        takes_value = name in {option for one in problem.ctx.command.params if not _is_flag(one) for option in one.opts}
        return UsageError(f"{name} needs a value" if takes_value else f"{name} takes no value", hint=_help(command))
    if param and hasattr(problem, "param_type"):
        return UsageError(f"{_label(param)} is missing", hint=_help(command))
    if param:
        return UsageError(f"{_label(param)}: {problem.message}", hint=_help(command))
    return UsageError(problem.format_message().rstrip("."), hint=_help(command))


def no_such_command(command: str, name: str, known: Iterable[str]) -> UsageError:
    """There is no command *name* below *command*."""
    near = _meant(name, COMMANDS.get(command, {})) or find_near(name, known)
    return UsageError(
        f"there is no command `{command} {name}`",
        hint=f"did you mean `{command} {near}`?" if near else f"`{command} --help` lists the commands",
    )


def missing_command(command: str) -> UsageError:
    return UsageError("a command is missing", hint=f"`{command} --help` lists the commands")


def unexpected_argument(command: str, argument: str) -> UsageError:
    return UsageError(f"unexpected argument {argument!r}", hint=_help(command))


def _no_such_option(command: str, name: str, known: set[str]) -> UsageError:
    meant = _meant(name, OPTIONS)
    near = meant if meant in known else find_near(name, known)
    hint = f"did you mean {near}? {_help(command)}" if near else _help(command)
    return UsageError(f"there is no option {name}", hint=hint)


def _no_leading_option(command: str, name: str, known: set[str]) -> UsageError:
    """Before the name of a command, only the options that most commands share are known, and the group's own."""
    near = find_near(name, known)
    return UsageError(
        f"there is no option {name}" if near else f"there is no option {name} before the command",
        hint=f"did you mean {near}?" if near else f"write it after the command; `{command} --help` lists the commands",
    )


def _meant(name: str, aliases: Mapping[str, str]) -> str | None:
    return next((meant for meant, words in aliases.items() if name in words.split()), None)


def _options(ctx: Any) -> set[str]:
    params = ctx.command.get_params(ctx) if ctx else []
    return {option for param in params for option in (*param.opts, *param.secondary_opts) if option.startswith("--")}


def _is_flag(param: Any) -> bool:
    return bool(getattr(param, "is_flag", False))


def _label(param: Any) -> str:
    """An option's name, or what stands for an argument."""
    return str(param.opts[0] if param.param_type_name == "option" else param.metavar or param.name)


def _help(command: str) -> str:
    return f"`{command} --help` shows what it takes"
