"""Is this machine fit to be a counter? Each check says what to do where it is not."""
