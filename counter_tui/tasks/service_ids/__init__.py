"""Service IDs: registering, looking up, lists."""
