"""Balances and histories of accounts: reading the ledger, now or at a past moment."""
