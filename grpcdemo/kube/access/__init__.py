"""Which API server to trust, and with which identity to connect: what client-go reads from a kubeconfig or in a pod.

The official Python client has a reader of its own, which differs from kubectl where it hurts: it leaves out fields
that say who somebody is, runs a credential plugin again and again, and prints values of a broken file.
"""
