"""Read the objects around Services, each kind at once with the others, and note what may not be read."""
