"""Tests of server/configuration."""
