"""Atlassian's documents with the patches that only requests need."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from openapi import Contract, confluence


@cache
def cloud(shared: Path, version: int) -> Contract:
    """Return the document for version 1 or 2, its shared request bodies patched too."""
    contract = confluence(shared, version)
    for holder in contract.document["components"].get("requestBodies", {}).values():
        for media in holder["content"].values():
            _one_of_to_any_of(media.get("schema", {}))
    types = contract.components["components"]["schemas"].get("ContentIdToContentTypeResponse", {})
    if types:
        _unknown_ids(types["properties"]["results"])
    return contract


def _unknown_ids(results: dict[str, Any]) -> None:
    """The text promises null for an unknown id, the schema does not allow it."""
    results["additionalProperties"] = {"anyOf": [results["additionalProperties"], {"type": "null"}]}


def _one_of_to_any_of(schema: dict[str, Any]) -> None:
    """The two forms of a body have no required keys: every valid body fits both, and `oneOf` refuses it."""
    body = schema.get("properties", {}).get("body", {})
    if "oneOf" in body:
        body["anyOf"] = body.pop("oneOf")
