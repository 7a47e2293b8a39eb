"""What each command does, told as it happens through `Reporter`, with no word about how it is shown."""
