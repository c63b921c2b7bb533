"""What all methods share: sessions, who may call what, errors to status."""
