"""The counter application: a Textual program for the person at a shop counter."""
