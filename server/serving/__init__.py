"""All that knows every room, and answers calls with them."""
