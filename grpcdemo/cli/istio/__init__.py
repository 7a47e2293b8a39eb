"""`grpcdemo istio`: Istio's sidecar injection for the demo."""

COMMANDS = {
    "Commands": {
        "on": "Turn injection on and restart the pods",
        "off": "Turn injection off and restart the pods",
        "status": "Show Istio, the label, and the proxies",
    }
}
