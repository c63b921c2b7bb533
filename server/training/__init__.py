"""Training (USE-7): the same work on a ledger of its own, with made-up citizens."""
