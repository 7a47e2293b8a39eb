"""The controller manager: brings each object to its desired state."""
