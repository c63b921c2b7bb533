"""What the ledger can tell of the time: which day is to be believed, and clocks that were wrong."""
