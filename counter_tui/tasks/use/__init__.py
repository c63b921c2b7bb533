"""What using, merging and issuing have in common."""
