"""See, and measure, that gRPC stays on one pod on plain Kubernetes and is balanced by Istio."""

__version__ = "0.1.0"
