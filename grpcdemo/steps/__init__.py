"""What each command does, told as it happens through `Report`, with no word about how it is shown."""
