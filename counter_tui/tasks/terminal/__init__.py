"""The terminal itself: signing in, its contact, its issuer."""
