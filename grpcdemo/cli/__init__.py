"""The command line: one file per command, and `app.main`, where errors become words and exit codes."""
