"""Stands in for kube-proxy and for Istio's data plane: Envoys and their configuration."""
