"""The weekly report: what to write next, and why, as HTML, Markdown and CSV."""

from kbsync.gaps.report.view import Report, Section, TopicView, build
from kbsync.gaps.report.write import Paths, write

__all__ = ["Paths", "Report", "Section", "TopicView", "build", "write"]
