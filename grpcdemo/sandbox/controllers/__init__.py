"""What stands in for the controller manager: what is wanted, made so, object by object."""
