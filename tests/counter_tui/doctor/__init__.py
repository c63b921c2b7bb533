"""The check of a counter machine."""
