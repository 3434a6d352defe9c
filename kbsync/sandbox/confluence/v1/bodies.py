"""Body conversion: asked for, rendered, fetched within five minutes."""

from __future__ import annotations

from typing import Final

from kbsync.sandbox.confluence import rendering, saving
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import invalid, missing
from kbsync.sandbox.confluence.site import RENDERING

_FROM: Final = ("storage", "atlas_doc_format", "editor")
_KEPT: Final = 300.0


def convert(call: Call) -> Answer:
    """POST /contentbody/convert/async/{to}."""
    wish, to = call.json(), call.path["to"]
    if to != "export_view":
        raise invalid(f"Conversion to {to} is not supported")
    if wish.get("representation") not in _FROM or not isinstance(wish.get("value"), str):
        raise invalid("'representation' and 'value' are required")
    source = "storage" if wish["representation"] == "editor" else wish["representation"]
    value = rendering.in_format(saving.save(rendering.to_storage(wish["value"], source)), to)
    id = call.site.next_id()
    doc = {"id": id, "value": value, "representation": to, "at": call.site.store.now()}
    call.site.store.put(RENDERING, id, doc)
    return Answer({"asyncId": id})


def converted(call: Call) -> Answer:
    """GET /contentbody/convert/async/{id}."""
    doc = call.site.store.get(RENDERING, call.path["to"])
    if doc is None or call.site.store.now() - doc["at"] > _KEPT:
        raise missing()
    shown = {"value": doc["value"], "representation": doc["representation"], "renderTaskId": doc["id"]}
    return Answer({**shown, "status": "COMPLETED", "_expandable": {}, "_links": {"base": call.base}})


TABLE: Table = {
    ("POST", "/contentbody/convert/async/{to}"): convert,
    ("GET", "/contentbody/convert/async/{to}"): converted,
}
