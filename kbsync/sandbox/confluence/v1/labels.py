"""Labels: the v1 API writes them, and lists them."""

from __future__ import annotations

from typing import Any, Final

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, Refusal, invalid
from kbsync.sandbox.confluence.site import Site
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.store import Doc

_MAX_NAME: Final = 255
_FORBIDDEN: Final = frozenset(' :;,.?&[]()#^*@!"')
"""Characters that a label may not have ("Add, Remove and Search for Labels", support.atlassian.com)."""
_PREFIXES: Final = ("global", "my", "team")


def list_labels(call: Call) -> Answer:
    """GET /content/{id}/label."""
    return shapes.window(call, call.site.page(call.id())["labels"], shapes.label, limit=200)


def add_labels(call: Call) -> Answer:
    """POST /content/{id}/label: one or a list; those that are there stay."""
    page, wish = call.site.page(call.id()), call.json_any()
    refuse_scoped(call)
    added = [label_of(call.site, one) for one in (wish if isinstance(wish, list) else [wish])]
    have = {(one["prefix"], one["name"]) for one in page["labels"]}
    new = {(one["prefix"], one["name"]): one for one in added if (one["prefix"], one["name"]) not in have}
    page = call.site.put(page, labels=[*page["labels"], *new.values()])
    return shapes.window(call, page["labels"], shapes.label, limit=200)


def label_of(site: Site, wish: Any) -> Json:
    """Return the label of a wish: names are kept in lower case."""
    name = str(wish.get("name") or "").strip().lower() if isinstance(wish, dict) else ""
    prefix = str(wish.get("prefix") or "global") if isinstance(wish, dict) else ""
    if not name or len(name) > _MAX_NAME or _FORBIDDEN & set(name):
        raise invalid(f"The label '{name}' is not valid")
    if prefix not in _PREFIXES:
        raise invalid(f"The label prefix '{prefix}' is not valid")
    return {"id": label_id(site, prefix, name), "name": name, "prefix": prefix}


def label_id(site: Site, prefix: str, name: str) -> str:
    """Return the id that a label has everywhere on the site."""
    known = site.store.get("confluence.label", f"{prefix}:{name}")
    if known is None:
        doc = {"id": site.next_id()}
        known = site.store.put("confluence.label", f"{prefix}:{name}", doc)
    return str(known["id"])


def remove_label(call: Call) -> Answer:
    """DELETE /content/{id}/label?name=."""
    return _remove(call, call.query.get("name", ""))


def remove_label_by_path(call: Call) -> Answer:
    """DELETE /content/{id}/label/{label}; names with a slash need the other form."""
    return _remove(call, call.path["label"])


def _remove(call: Call, name: str) -> Answer:
    page = call.site.page(call.id())
    refuse_scoped(call)
    if page["status"] == "archived":
        raise invalid("Labels of archived content cannot be removed")
    call.site.put(page, labels=[one for one in page["labels"] if not _is(one, name)])
    return Answer(status=204)


def _is(label: Doc, name: str) -> bool:
    return name.lower() in {label["name"], f"{label['prefix']}:{label['name']}"}


def refuse_scoped(call: Call) -> None:
    """Refuse where the token is one that does not reach v1 (setting `confluence.v1_writes` = false)."""
    if call.site.setting("v1_writes", default=True) is False:
        raise Refusal(401, "Unauthorized")


DATACENTER_TABLE: Table = {("GET", "/content/{id}/label"): list_labels}
TABLE: Table = {
    ("POST", "/content/{id}/label"): add_labels,
    ("DELETE", "/content/{id}/label"): remove_label,
    ("DELETE", "/content/{id}/label/{label}"): remove_label_by_path,
}
