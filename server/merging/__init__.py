"""Merging points into a shopping street's own."""
