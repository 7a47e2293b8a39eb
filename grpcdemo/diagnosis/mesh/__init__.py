"""How a mesh reads the objects around a Service: what it takes a port for, which rules and routes apply."""
