"""What Data Center still has in the v1 API: content, properties by key, spaces by key."""
