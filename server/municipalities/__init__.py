"""Municipalities, their point programs, places and issuers."""
