"""What stands in for a node: it runs pods as processes of this machine, probes them, and keeps their logs."""
