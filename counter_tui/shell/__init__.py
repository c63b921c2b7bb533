"""What every screen is made of: base, boxes, widgets, keys. Knows no task."""
