"""What stands in for kube-proxy and for Istio's data plane: Envoys, and the configuration that they are given."""
