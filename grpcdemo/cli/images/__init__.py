"""`grpcdemo images`: the server's and the client's image."""

COMMANDS = {
    "Commands": {
        "build": "Build both images",
        "load": "Load them into a local cluster",
        "push": "Push them to a registry",
        "save": "Write them to files",
    }
}
