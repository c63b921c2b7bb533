"""The transactions of a day."""
