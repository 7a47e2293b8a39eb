"""All communication with a Kubernetes API is here; no other part imports its client."""
