"""The Intercom Help Center as a replica."""

from kbsync.replicas.intercom.replica import IntercomReplica
from kbsync.replicas.intercom.settings import IntercomSettings

__all__ = ["IntercomReplica", "IntercomSettings"]
