"""What comes line by line for as long as somebody reads: watches, and the logs of containers."""
