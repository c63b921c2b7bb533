"""Issuing vouchers, and redeeming them."""
