"""Calls to the server: one channel, and a client for each service."""
