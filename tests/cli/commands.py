"""The commands that there are, read from the tables of the packages, so that a new one is tested too."""

from importlib import import_module


def all_commands(package: str = "grpcdemo.cli", before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and every group of commands."""
    commands = [before]
    for name in summaries(package):
        module = import_module(f"{package}.{name}")
        words = (*before, name)
        commands += all_commands(module.__name__, words) if hasattr(module, "COMMANDS") else [words]
    return commands


def summaries(package: str = "grpcdemo.cli") -> dict[str, str]:
    """Of the commands in *package*, by their names."""
    return {name: text for part in import_module(package).COMMANDS.values() for name, text in part.items()}


TO_THE_CLUSTER = (
    ("demo",),
    ("up",),
    ("istio", "on"),
    ("istio", "off"),
    ("istio", "status"),
    ("observe",),
    ("diagnose",),
    ("check",),
    ("status",),
    ("compare",),
    ("cleanup",),
)
CHANGING = (("demo",), ("up",), ("istio", "on"), ("istio", "off"), ("compare",), ("cleanup",))
