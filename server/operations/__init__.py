"""What became of a request, and giving one up."""
