"""MyKey IDs: made, changed, revoked, and tied to a new card (MKY-1 to MKY-7, CRD-4)."""
