"""Content states ("Rough draft", "Verified") and view and edit restrictions of pages."""

from __future__ import annotations

from typing import Final

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.pages import Change, update
from kbsync.sandbox.confluence.site import RESTRICTION
from kbsync.sandbox.confluence.v1 import shapes

_STATES: Final = (
    {"id": 0, "name": "Rough draft", "color": "#ffc400"},
    {"id": 1, "name": "In progress", "color": "#2684ff"},
    {"id": 2, "name": "Ready for review", "color": "#57d9a3"},
)
_MAX_NAME: Final = 20
_FIRST_CUSTOM: Final = 100
_OPERATIONS: Final = ("read", "update")


def get_state(call: Call) -> Answer:
    """GET /content/{id}/state."""
    state = call.site.page(call.id())["state"]
    return Answer({"contentState": state, "lastUpdated": call.site.now()} if state else {})


def set_state(call: Call) -> Answer:
    """PUT /content/{id}/state: makes a version with the same body."""
    page, wish = call.site.page(call.id()), call.json()
    state = _state(wish)
    page = update(call.site, page, page["title"], call.site.body(page), Change(call.me))
    call.site.put(page, state=state)
    return Answer({"contentState": state, "lastUpdated": call.site.now()})


def _state(wish: Json) -> Json:
    if wish.get("id") in {0, 1, 2}:
        return dict(_STATES[int(wish["id"])])
    name, color = wish.get("name"), wish.get("color")
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME or not isinstance(color, str):
        raise invalid("A content state needs an id, or a name of at most 20 characters and a color")
    known = next((state for state in _STATES if state["name"] == name), None)
    return dict(known) if known else {"id": _FIRST_CUSTOM, "name": name, "color": color}


def clear_state(call: Call) -> Answer:
    """DELETE /content/{id}/state."""
    call.site.put(call.site.page(call.id()), state=None)
    return Answer({})


def available_states(call: Call) -> Answer:
    """GET /content/{id}/state/available."""
    call.site.page(call.id())
    return Answer({"spaceContentStates": list(_STATES), "customContentStates": []})


def get_restrictions(call: Call) -> Answer:
    """GET /content/{id}/restriction."""
    page = call.site.page(call.id())
    kept = call.site.store.get(RESTRICTION, page["id"]) or {}
    rows = [_restriction(call, page["id"], name, kept.get(name, [])) for name in _OPERATIONS]
    answer = shapes.window(call, rows, lambda row: row, limit=100)
    return Answer({**answer.body, "restrictionsHash": str(abs(hash(str(kept))))})


def put_restrictions(call: Call) -> Answer:
    """PUT /content/{id}/restriction: replaces all."""
    page, wish = call.site.page(call.id()), call.json_any()
    rows = wish.get("results", []) if isinstance(wish, dict) else wish
    kept: Json = {}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("operation") not in _OPERATIONS:
            raise invalid("Each restriction needs an operation, read or update")
        users = (row.get("restrictions") or {}).get("user") or []
        listed = users.get("results", []) if isinstance(users, dict) else users
        kept[row["operation"]] = [str(one.get("accountId")) for one in listed if isinstance(one, dict)]
    call.site.store.put(RESTRICTION, page["id"], kept)
    return get_restrictions(call)


def _restriction(call: Call, id: str, operation: str, users: list[str]) -> Json:
    shown = [shapes.user(call.site, account) for account in users]
    return {
        "operation": operation,
        "restrictions": {
            "user": {"results": shown, "start": 0, "limit": 200, "size": len(shown)},
            "group": {"results": [], "start": 0, "limit": 200, "size": 0},
            "_expandable": {},
        },
        "_expandable": {"content": f"/rest/api/content/{id}"},
        "_links": {"self": call.link(f"/rest/api/content/{id}/restriction/byOperation/{operation}")},
    }


TABLE: Table = {
    ("GET", "/content/{id}/state"): get_state,
    ("PUT", "/content/{id}/state"): set_state,
    ("DELETE", "/content/{id}/state"): clear_state,
    ("GET", "/content/{id}/state/available"): available_states,
    ("GET", "/content/{id}/restriction"): get_restrictions,
    ("PUT", "/content/{id}/restriction"): put_restrictions,
}
