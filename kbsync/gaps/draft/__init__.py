"""Article stubs for uncovered topics: extracted, never invented."""

from kbsync.gaps.draft.steps import Step, recurring
from kbsync.gaps.draft.stub import FOLDER, Stub, answer, compose, write

__all__ = ["FOLDER", "Step", "Stub", "answer", "compose", "recurring", "write"]
