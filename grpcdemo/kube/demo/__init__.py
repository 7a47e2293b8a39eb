"""What the demo owns in a namespace, what belongs to others, and whether Istio injects there."""
