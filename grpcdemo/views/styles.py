"""The colors: those of a terminal's eight that are readable on light and on dark backgrounds.

Yellow, cyan and white are pale on white, blue is dark on black. A word always says what a color says.
"""

from __future__ import annotations

GOOD, BAD, SHARE, QUIET, HELP = "green", "red", "magenta", "dim", "bold"
