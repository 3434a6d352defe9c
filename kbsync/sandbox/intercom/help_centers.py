"""`/help_center/help_centers` and the redirects of each."""

from __future__ import annotations

from typing import Any, Final

from kbsync.sandbox.intercom import paging
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import Refusal, absent, invalid, missing
from kbsync.sandbox.intercom.workspace import HELP_CENTER_URL
from kbsync.sandbox.store import Doc

HELP_CENTER_ID: Final = "79"
_FOUNDED: Final = 1_734_537_325
_REDIRECT: Final = ("from_url", "locale", "target_type", "target_id")


def list_help_centers(call: Call) -> dict[str, Any]:
    """List the one help center."""
    return {"type": "list", "data": [_help_center(call)]}


def get_help_center(call: Call) -> dict[str, Any]:
    """Show the help center."""
    _checked(call)
    return _help_center(call)


def _help_center(call: Call) -> dict[str, Any]:
    return {
        "id": HELP_CENTER_ID,
        "workspace_id": call.space.code,
        "created_at": _FOUNDED,
        "updated_at": _FOUNDED,
        "identifier": "kbsync-help",
        "website_turned_on": True,
        "display_name": "kbsync help",
        "url": HELP_CENTER_URL,
        "custom_domain": HELP_CENTER_URL.removeprefix("https://"),
        "default": True,
        "locales": list(call.space.locales),
    }


def _checked(call: Call) -> None:
    if call.path("help_center_id") != HELP_CENTER_ID:
        raise missing("Resource not found")


def list_redirects(call: Call) -> dict[str, Any]:
    """List redirects, the last updated first."""
    _checked(call)
    return paging.numbered(call, call.space.all("redirect")[::-1], dict, default=50, maximum=250)


def create_redirect(call: Call) -> dict[str, Any]:
    """Send readers of an old address to an article or a collection."""
    _checked(call)
    for name in _REDIRECT:
        if not call.body.get(name):
            raise absent(f"{name} is required", name)
    wish = {name: str(call.body[name]) for name in _REDIRECT}
    _judge(call, wish)
    now = call.space.now()
    redirect = {
        "id": str(call.space.next_id("redirect", 26)),
        "type": "help_center_redirect",
        **wish,
        "help_center_id": HELP_CENTER_ID,
        "created_at": now,
        "updated_at": now,
    }
    return call.space.put("redirect", redirect)


def _judge(call: Call, wish: dict[str, str]) -> None:
    if wish["target_type"] not in ("article", "collection"):
        raise invalid("target_type must be 'article' or 'collection'", "target_type")
    if not wish["from_url"].startswith(f"{HELP_CENTER_URL}/"):
        message = "from_url must be an absolute URL within this help center's URL space"
        raise Refusal(422, "data_invalid", message, "from_url")
    if wish["locale"] not in call.space.locales:
        raise Refusal(422, "data_invalid", "locale is not enabled for this help center", "locale")
    if call.space.get(wish["target_type"], wish["target_id"]) is None:
        raise Refusal(422, "data_invalid", "target does not exist", "target_id")
    taken = {(r["from_url"], r["locale"]) for r in call.space.all("redirect")}
    if (wish["from_url"], wish["locale"]) in taken:
        raise Refusal(409, "resource_conflict", "A redirect with that URL already exists")


def get_redirect(call: Call) -> dict[str, Any]:
    """Show one redirect."""
    return _redirect(call)


def delete_redirect(call: Call) -> dict[str, Any]:
    """Remove a redirect."""
    redirect = _redirect(call)
    call.space.delete("redirect", redirect["id"])
    return {"id": redirect["id"], "object": "help_center_redirect", "deleted": True}


def _redirect(call: Call) -> Doc:
    _checked(call)
    redirect = call.space.get("redirect", call.path("id"))
    if redirect is None:
        raise missing("Resource not found")
    return redirect
