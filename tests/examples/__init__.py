"""The folder examples/, run."""
