"""Teammates: `/me` and `/admins`."""

from __future__ import annotations

from typing import Any

from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import missing
from kbsync.sandbox.intercom.workspace import ADMINS, admin_email

_FOUNDED = 1_734_537_243


def me(call: Call) -> dict[str, Any]:
    """Tell who the token belongs to, and to which workspace."""
    admin = _admin(call.admin)
    admin["avatar"] = {"type": "avatar", "image_url": None}
    admin["email_verified"] = True
    admin["app"] = {
        "type": "app",
        "id_code": call.space.code,
        "name": "kbsync sandbox",
        "region": "US",
        "timezone": "Europe/London",
        "created_at": _FOUNDED,
        "identity_verification": False,
    }
    return admin


def list_admins(call: Call) -> dict[str, Any]:  # noqa: ARG001  the handlers' signature
    """List the teammates."""
    return {"type": "admin.list", "admins": [_admin(id) for id in ADMINS]}


def get_admin(call: Call) -> dict[str, Any]:
    """Show one teammate."""
    if call.path("id") not in ADMINS:
        raise missing("Admin not found", "admin_not_found")
    return _admin(call.path("id"))


def _admin(id: str) -> dict[str, Any]:
    return {
        "type": "admin",
        "id": id,
        "name": ADMINS[id],
        "email": admin_email(id),
        "job_title": "",
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
    }
