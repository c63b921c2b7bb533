"""The local agent: cards and service IDs for other programs on the counter machine (SID-5)."""
