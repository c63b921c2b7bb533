"""Threads for what must not hold up the event loop, and whose turn it is there."""
