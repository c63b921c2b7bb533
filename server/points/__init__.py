"""Using points at a counter."""
