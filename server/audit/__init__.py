"""The audit trail: who did what and when, refusals too (SEC-5)."""
