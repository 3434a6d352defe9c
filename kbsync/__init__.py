"""kbsync keeps a help center in git, in step with Intercom and Confluence, and finds what is missing."""

__version__ = "0.1.0"
