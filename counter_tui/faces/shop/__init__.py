"""The counter of a shop, library or street."""
