"""What each command does. A step reports its progress to a `Reporter` and returns its result as a value."""
