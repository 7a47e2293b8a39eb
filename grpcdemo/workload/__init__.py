"""The two programs that run in the demo's pods: `server` and `client`.

They import little, so images stay small and pods start fast.
"""
