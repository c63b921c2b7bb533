"""Issuers: libraries, streets and others that give user cards (ID付与事業者, TRM-3)."""
