"""Tests of server/audit."""
