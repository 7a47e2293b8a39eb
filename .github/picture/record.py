#!/usr/bin/env python3
"""Record the README's picture anew: from a run in the sandbox, the report's two halves, in a light and a dark file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from grpcdemo.views.palette import COLORS

HALF, GAP, HEAD, FOOT = 400, 40, 56, 24
STYLES = (".flow", ".band", ".middle", ".end", ".strong", ".ink", ".rest", *(f".{color.name} " for color in COLORS))
"""How the lines of the report's style begin that the picture needs."""


def picture(report: str, *, dark: bool) -> str:
    """Both halves side by side, as one SVG without variables, which not every program knows."""
    halves = re.findall(
        r'<h2 id="p\d">(.*?)</h2>\n<p class="verdict (\w+)">.*?<span>(.*?)</span>.*?'
        r'<svg class="flow" viewBox="0 0 \d+ ([\d.]+)".*?</title>\n<desc[^>]*>(.*?)</desc>\n(.*?)</svg>',
        report,
        re.DOTALL,
    )
    (place,) = re.findall(r'<p class="badge">(.*?)</p>', report)
    width, height = 2 * HALF + GAP, HEAD + max(float(half[3]) for half in halves) + FOOT
    parts = [
        f'<g transform="translate({at * (HALF + GAP)} 0)" class="flow">\n'
        f'<text x="6" y="18" class="title"><tspan>{title}: </tspan><tspan class="{verdict}">{verdict}</tspan></text>\n'
        f'<text x="6" y="36">{reason}</text>\n<g transform="translate(0 {HEAD})">\n{body}</g>\n</g>\n'
        for at, (title, verdict, reason, _, _, body) in enumerate(halves)
    ]
    described = " ".join(f"{title}: {desc}" for title, _, _, _, desc, _ in halves)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" role="img">\n'
        f"<title>Which pod answers which client</title>\n<desc>{described}</desc>\n"
        f"<style>\n{_style(report, dark=dark)}</style>\n{''.join(parts)}"
        f'<text x="6" y="{height - 6:g}" class="place">{place}</text>\n</svg>\n'
    )


def _style(report: str, *, dark: bool) -> str:
    """The rules for the picture; the report defines each color twice, for light and for dark."""
    lines = re.findall(r"<style>\n(.*?)</style>", report, re.DOTALL)[0].splitlines()
    defined = re.findall(r"--([\w-]+): (#\w+);", "\n".join(lines))
    colors = dict(defined[len(defined) // 2 :] if dark else defined[: len(defined) // 2])
    rules = [line for line in lines if line.startswith(STYLES)]
    rules += [
        "text { font: 11px system-ui, sans-serif; }",
        ".title { font-size: 18px; font-weight: 600; }",
        ".flow .pinned { fill: var(--pinned); }",
        ".flow .balanced { fill: var(--good); }",
        ".place { fill: var(--soft); }",
    ]
    return "".join(re.sub(r"var\(--([\w-]+)\)", lambda match: colors[match[1]], f"{rule}\n") for rule in rules)


def main() -> None:
    command = [sys.executable, "-m", "grpcdemo", "demo", "--sandbox", "--report", "-"]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name, dark in (("light", False), ("dark", True)):
        Path(__file__).with_name(f"{name}.svg").write_text(picture(report, dark=dark), encoding="utf-8")


if __name__ == "__main__":
    main()
