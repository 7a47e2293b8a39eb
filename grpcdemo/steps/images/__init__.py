"""Build the two images, and bring them to where a cluster finds them, with the programs that are there."""
