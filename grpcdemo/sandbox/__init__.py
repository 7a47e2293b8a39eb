"""The embedded default, for a machine without a cluster: part of the Kubernetes API, pods as local processes, and real
Envoys as kube-proxy and sidecars. Each package has the name of what it imitates."""
