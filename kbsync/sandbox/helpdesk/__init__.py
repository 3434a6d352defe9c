"""Support conversations as kbsync's own users would write them, and the truth about them."""

from kbsync.sandbox.helpdesk.generator import generate, lines
from kbsync.sandbox.helpdesk.plan import COUNT, SEED

__all__ = ["COUNT", "SEED", "generate", "lines"]
