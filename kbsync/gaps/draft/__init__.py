"""Article stubs for uncovered topics: extracted, never invented."""

from kbsync.gaps.draft.steps import Step, recurring
from kbsync.gaps.draft.stub import Stub, compose, write

__all__ = ["Step", "Stub", "compose", "recurring", "write"]
