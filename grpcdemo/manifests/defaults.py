"""What the demo is like unless somebody says otherwise. Here alone, so that the help of an option tells the default
of the step behind it."""

NAMESPACE = "istio-grpc-demo"
SERVERS = 3
CLIENTS = 1
RATE = 50.0
"""Calls a second of each client: a verdict takes seconds, and the log grows by some 5 kB a second."""
TIMEOUT_S = 180.0
"""How long each wait may take."""
