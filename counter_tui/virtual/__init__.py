"""Virtual card and printer for the demo and for tests; the rest never imports them."""
