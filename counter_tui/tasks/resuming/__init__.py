"""What an earlier run left."""
