"""What the application consists of: session, cards, slips, and forgetting what citizens left."""
