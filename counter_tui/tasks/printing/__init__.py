"""What waits for the printer."""
