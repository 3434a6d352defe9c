"""Intercom's REST API 2.16, emulated."""

from kbsync.sandbox.intercom.routes import routes

__all__ = ["routes"]
