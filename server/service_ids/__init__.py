"""Service IDs: a citizen's number at a library or street."""
