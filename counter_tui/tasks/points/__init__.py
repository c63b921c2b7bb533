"""Using points, cancelling that, and merging."""
