"""Why a gRPC client stays on one pod of a Service: rules over API objects. Pure functions, no I/O."""
