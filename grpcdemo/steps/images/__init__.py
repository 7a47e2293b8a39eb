"""Build the two images and bring them to the cluster, with the programs of this machine."""
