"""The demo's defaults, in one place, so that an option's help and the step behind it agree."""

NAMESPACE = "istio-grpc-demo"
SERVERS = 3
CLIENTS = 1
RATE = 150.0
"""Calls per second of each client: balanced takes about two seconds, and the log grows by about 15 kB per second."""
TIMEOUT_S = 180.0
"""How long each wait may take."""
