"""The server and the client of `compare`, with the options that cures need; the demo's own stay plain.

Both log once a second how many connections they have.
"""
