"""Slips: what is on receipts, vouchers and labels, and how it becomes bytes for a printer."""
