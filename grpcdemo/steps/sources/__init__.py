"""Who counts the requests from a client's pod to a server's: what a source answers, and each source.

A source is read again and again. It tells the counters of each client pod, and of whom it has none.
"""
