"""The facts that the tool passes around: frozen values that reach neither a cluster nor a screen."""
