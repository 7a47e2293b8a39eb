"""Show and measure that a gRPC client stays on one pod without Istio, and is balanced with it."""

__version__ = "0.1.0"
