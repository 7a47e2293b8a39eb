"""What `up` applies to the cluster: the YAML files and the names of the images in them."""
