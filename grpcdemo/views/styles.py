"""The colours: those of the eight of a terminal that can be read on a light and on a dark background.

Yellow, cyan and white are pale on white, blue is dark on black. And what a colour says a word says, too.
"""

from __future__ import annotations

GOOD, BAD, SHARE, QUIET = "green", "red", "magenta", "dim"
