"""Tests of server/observing."""
