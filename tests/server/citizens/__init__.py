"""Cards and their certificates, as the server sees them."""
