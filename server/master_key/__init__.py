"""The master key: what it seals, and how it is exchanged (SEC-4)."""
