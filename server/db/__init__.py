"""Opening a ledger database and bringing its schema up to date."""
