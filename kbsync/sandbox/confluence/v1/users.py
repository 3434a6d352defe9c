"""People in the v1 API."""

from __future__ import annotations

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import invalid
from kbsync.sandbox.confluence.site import USER
from kbsync.sandbox.confluence.v1 import shapes


def current_user(call: Call) -> Answer:
    """GET /user/current."""
    shown = shapes.user(call.site, call.me)
    return Answer(shown | {"_links": {**shown["_links"], "base": call.base, "context": "/wiki"}})


def get_user(call: Call) -> Answer:
    """GET /user?accountId=, on Data Center by key or name too."""
    account = call.query.get("accountId") or call.query.get("key")
    name = call.query.get("username")
    if not account and not name:
        raise invalid("'accountId' is required")
    if name:
        found = [doc for doc in call.site.store.all(USER) if doc["email"].partition("@")[0] == name]
        account = found[0]["accountId"] if found else ""
    return Answer(shapes.user(call.site, call.site.user(account or "")["accountId"]))


def bulk_users(call: Call) -> Answer:
    """GET /user/bulk?accountId=…."""
    wanted = call.query.getlist("accountId")
    rows = [doc for doc in call.site.store.all(USER) if doc["accountId"] in wanted]
    return shapes.window(call, rows, lambda doc: shapes.user(call.site, doc["accountId"]), limit=200)


TABLE: Table = {
    ("GET", "/user/current"): current_user,
    ("GET", "/user/bulk"): bulk_users,
    ("GET", "/user"): get_user,
}
