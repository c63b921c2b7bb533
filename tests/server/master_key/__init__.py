"""Tests of server/master_key."""
