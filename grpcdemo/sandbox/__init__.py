"""The embedded default, for a machine with no cluster: a slice of the Kubernetes API, pods as local
processes, and real Envoys as kube-proxy and sidecars. Each room has the name of what it stands in for."""
