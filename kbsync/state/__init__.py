"""What kbsync remembers between two runs: the base, a shadow for each replica, and what is under way."""
