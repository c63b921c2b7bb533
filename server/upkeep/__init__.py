"""What runs over the whole database: checking, carrying, keys, undoing, setting up."""
