"""Everything that is said to a Kubernetes API is said here; no other part imports its client."""
