"""Real server processes under load, killed at any moment."""
