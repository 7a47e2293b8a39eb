"""`grpcdemo sandbox`: a stand-in for a cluster, with real Envoys."""

COMMANDS = {
    "Commands": {
        "start": "Start the sandbox",
        "stop": "Stop the sandbox and every pod in it",
        "status": "Show whether the sandbox runs",
        "kubeconfig": "Print the path of its kubeconfig",
    }
}
