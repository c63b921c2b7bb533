"""MyKey IDs: the citizen's own work with card and PIN."""
