"""The command line: one file per command, and `app.main`, where errors become words and exit codes.

Every start pays for what these modules import and declare. So a command imports what it needs in its body,
and its module does without `from __future__ import annotations`, which would make Typer read each option's
type from text again.
"""
