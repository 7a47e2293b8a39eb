"""The command line: each command is the function of a module of its name; `app.main` prints errors."""

COMMANDS = {
    "The story": {
        "demo": "Show pinned, then balanced, and clean up",
        "up": "Deploy server and client without Istio",
        "observe": "Watch which pods answer the client",
        "istio": "Turn Istio's sidecar injection on or off",
        "compare": "Measure every cure side by side",
        "cleanup": "Delete what grpcdemo created",
    },
    "Look": {
        "check": "Check that the demo can run here",
        "diagnose": "Tell why a Service of yours is pinned",
        "status": "Show target, namespace, pods, and proxies",
        "manifests": "Print the YAML that `up` applies",
    },
    "Set up": {
        "images": "Build the images and get them to a cluster",
        "sandbox": "Run a stand-in for a cluster, locally",
        "completion": "Print the completion script of a shell",
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
