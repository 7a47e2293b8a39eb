"""What the options of both programs have in common: a default from the environment, and a checked value.

A pod is configured through its environment, a person at a prompt types flags; both end up here.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from ipaddress import IPv4Address


def add_option(
    parser: argparse.ArgumentParser,
    flag: str,
    *,
    env: str,
    default: str,
    parse: Callable[[str], object],
    description: str,
) -> None:
    """Add *flag*, whose default is the environment's *env*, or else *default*; *parse* checks all three."""
    parser.add_argument(
        flag,
        type=parse,
        default=os.environ.get(env) or default,
        metavar=env,
        help=f"{description} (environment: {env}; default: {default})",
    )


def add_host(parser: argparse.ArgumentParser) -> None:
    """Add `--host`, which is None where nothing is said: every address."""
    parser.add_argument(
        "--host",
        type=parse_host,
        default=os.environ.get("LISTEN_HOST") or None,
        metavar="LISTEN_HOST",
        help="the one IPv4 address to listen on (environment: LISTEN_HOST; default: every address)",
    )


def parse_port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")


def parse_host(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IPv4 address") from None


def number_between(low: float, high: float) -> Callable[[str], float]:
    """A parser for numbers in that range, which no NaN and no infinity is."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if low <= number <= high:
            return number
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")

    return parse
