"""What a card is asked for: PIN and signature."""
