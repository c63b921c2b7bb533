"""What the counter application knows without Textual, network or devices."""
