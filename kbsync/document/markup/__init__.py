"""What the two markup formats share: the offset-carrying tree, its readers and writers, and escaping."""
