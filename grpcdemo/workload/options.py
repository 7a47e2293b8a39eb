"""Options of both programs: from a flag, or from the environment, as in a pod."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address


def add_option(
    parser: argparse.ArgumentParser, flag: str, default: str, parse: Callable[[str], object], description: str
) -> None:
    """Add *flag*. Its default is the variable of its name, HEALTH_PORT for `--health-port`, or else *default*."""
    env = flag.removeprefix("--").replace("-", "_").upper()
    parser.add_argument(
        flag,
        type=parse,
        default=os.environ.get(env) or default,
        metavar=env,
        help=f"{description} (environment: {env}; default: {default})",
    )


def add_choice(parser: argparse.ArgumentParser, flag: str, choices: Sequence[str], description: str) -> None:
    """Add *flag* as `add_option` does, for one of *choices*; the default is the first."""

    def parse(text: str) -> str:
        if text in choices:
            return text
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(choices)}")

    add_option(parser, flag, choices[0], parse, f"{description}: {' or '.join(choices)}")


def add_host(parser: argparse.ArgumentParser) -> None:
    """Add `--host`; by default it is None: every address."""
    parser.add_argument(
        "--host",
        type=parse_host,
        default=os.environ.get("LISTEN_HOST") or None,
        metavar="LISTEN_HOST",
        help="the one IPv4 address to listen on (environment: LISTEN_HOST; default: every address)",
    )


def parse_port(text: str) -> int:
    """Raises ArgumentTypeError unless *text* is a port, 0 to 65535."""
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")


def count_from(least: int) -> Callable[[str], int]:
    """A parser for whole numbers, *least* or more."""

    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and int(text) >= least:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {least} or more")

    return parse


def parse_host(text: str) -> str:
    """Raises ArgumentTypeError unless *text* is an IPv4 address."""
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IPv4 address") from None


def number_between(low: float, high: float) -> Callable[[str], float]:
    """A parser for numbers from *low* to *high*, which excludes NaN and infinities."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if low <= number <= high:
            return number
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")

    return parse
