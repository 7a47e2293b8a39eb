"""How a mesh reads the objects around a Service: a port's protocol, and which rules and routes apply."""
