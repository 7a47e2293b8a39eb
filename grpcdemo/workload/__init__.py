"""The two programs of the demo, `server` and `client`, as they run in the pods.

They import little, so that the images are small and a pod starts in a blink.
"""
