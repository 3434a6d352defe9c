"""A Confluence space as a replica."""

from kbsync.replicas.confluence.replica import ConfluenceReplica
from kbsync.replicas.confluence.settings import ConfluenceSettings

__all__ = ["ConfluenceReplica", "ConfluenceSettings"]
