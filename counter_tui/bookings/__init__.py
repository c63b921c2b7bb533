"""Requests that are brought to their end: outbox, repetition, kinds, what waits for the network."""
