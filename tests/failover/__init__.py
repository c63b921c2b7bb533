"""PostgreSQL with standbys: the primary dies, hangs or is cut off, and another takes over."""
