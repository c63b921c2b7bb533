"""What is done at a terminal: a folder for each task."""
