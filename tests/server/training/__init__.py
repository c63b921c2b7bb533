"""Tests of the training ledger."""
