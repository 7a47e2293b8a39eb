"""What the demo is like unless somebody says otherwise. Here alone, so that an option shows what a step does."""

NAMESPACE = "istio-grpc-demo"
SERVERS = 3
CLIENTS = 1
RATE = 50.0
"""Calls a second of each client: a verdict takes seconds, and the log grows by some 5 kB a second."""
