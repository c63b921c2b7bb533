"""Terminals: what they may do, signing in, sessions."""
