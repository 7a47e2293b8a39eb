"""`istio on`, `istio off`, `istio status`: choose the label, switch, show the status."""
