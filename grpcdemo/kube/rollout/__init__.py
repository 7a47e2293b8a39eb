"""Restart, wait and delete: how far the cluster is, why it is stuck, and when waiting is pointless."""
