"""Vouchers (ポイント券): issuing, looking up, redeeming, cancelling, lapsing (VCH)."""
