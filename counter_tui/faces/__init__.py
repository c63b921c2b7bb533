"""What a terminal shows of the tasks, and to whom."""
