"""Card readers, as the application sees them."""
