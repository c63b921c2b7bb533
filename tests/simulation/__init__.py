"""Deterministic simulation of everything that books: seeded clock, network and faults."""
