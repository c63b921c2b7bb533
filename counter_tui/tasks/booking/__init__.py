"""Sending a booking, and what follows it, whatever it is."""
