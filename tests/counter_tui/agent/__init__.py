"""The local agent."""
