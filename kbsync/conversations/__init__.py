"""Support conversations: what was asked, what resolved it."""
