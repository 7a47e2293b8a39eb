"""`istio on`, `istio off`, `istio status`: which label to set, the switch itself, what is so now."""
