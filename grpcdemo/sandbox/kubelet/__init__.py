"""Plays the kubelet: runs pods as processes of this machine, probes them, and keeps their logs."""
