"""The ledger: accounts, lots, entries, and the one path on which everything is booked.

It knows programs and owners by opaque IDs; cards, vouchers and terminals are not its subject.
"""
