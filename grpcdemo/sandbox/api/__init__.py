"""Plays the API server: objects with resource versions, and the verbs on them over HTTP."""
