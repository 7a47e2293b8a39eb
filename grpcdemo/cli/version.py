"""`grpcdemo version`"""

import json

import typer

from grpcdemo import __version__
from grpcdemo.cli import options

EXAMPLES = {
    "grpcdemo version --output json": "Print JSON for a script",
}


def version(*, output: options.Output = options.Format.TABLE) -> None:
    """Print the version of grpcdemo."""
    typer.echo(json.dumps({"version": __version__}) if output is options.Format.JSON else f"grpcdemo {__version__}")
