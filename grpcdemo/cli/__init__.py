"""The command line: each command is the function of a module of its name; `app.main` prints errors."""

COMMANDS = {
    "Demo": {
        "demo": "Show a pinned, then a balanced client",
        "up": "Deploy the server and client without Istio",
        "observe": "Watch which pods answer the client",
        "istio": "Turn Istio's sidecar injection on or off",
        "compare": "Compare the cures for pinned clients",
        "cleanup": "Delete what grpcdemo created",
    },
    "Inspect": {
        "check": "Check that the demo can run here",
        "diagnose": "Explain why a Service's clients are pinned",
        "status": "Show the target, namespace, pods, and proxies",
        "manifests": "Print the YAML that `up` applies",
    },
    "Set up": {
        "images": "Build the images, and load or push them",
        "sandbox": "Run a local stand-in for a cluster",
        "completion": "Print a shell completion script",
    },
    "About": {
        "help": "Show the help of a command",
        "version": "Print the version",
    },
}
"""The summary of each command, by its name, under a heading."""
HIDDEN = {"doctor": "diagnose"}
"""Names that other tools have for a command."""
OF_A_SERVICE = {"check": "diagnose"}
"""Commands that mean another one where a Service is named: `check svc/NAME`."""
