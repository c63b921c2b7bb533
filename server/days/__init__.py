"""A terminal's own day: its list, its totals, and its receipts once more (USE-4)."""
