"""Judges traffic by the services' own OpenAPI documents, patched here for their known defects.

The documents are read from the folder of public material; nothing of them is kept. What each patch is for
stands beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema_rs
import yaml
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbsync.sandbox.server import Sandbox

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
UNDECLARED = frozenset({400, 401, 403, 404, 405, 409, 429, 500, 503})
"""Answers that every operation can give although most declare none of them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; bodies are bytes, `path` is without the service's prefix."""

    method: str
    path: str
    query: str
    request: bytes
    status: int
    answer: bytes
    media_type: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' if self.query else ''}{self.query} -> {self.status}"


@dataclass(slots=True)
class Recorder:
    """Keeps every exchange that a sandbox has under a prefix, whoever the client is."""

    prefix: str
    exchanges: list[Exchange] = field(default_factory=list)

    def attach(self, sandbox: Sandbox) -> None:
        """Listen in on a sandbox that does not run yet."""
        sandbox.app.user_middleware.insert(0, Middleware(_Tap, recorder=self))


class _Tap:
    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, told, start = bytearray(), bytearray(), {}

        async def hear() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            start.update(message if message["type"] == "http.response.start" else {})
            told.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, hear, tell)
        if scope["type"] == "http" and scope["path"].startswith(self.recorder.prefix):
            path = scope["path"].removeprefix(self.recorder.prefix)
            headers = dict(start.get("headers", []))
            media_type = headers.get(b"content-type", b"").decode().partition(";")[0]
            query = scope["query_string"].decode()
            self.recorder.exchanges.append(
                Exchange(
                    scope["method"],
                    path,
                    query,
                    bytes(asked),
                    start.get("status", 0),
                    bytes(told),
                    media_type,
                )
            )


class Contract:
    """An official document that says of each exchange what is wrong with it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        schemas = document["components"]["schemas"]
        self.components = {"components": {"schemas": {name: schema_of(s) for name, s in schemas.items()}}}
        self._operations = [
            (_pattern(path), method.upper(), operation, list(item.get("parameters", [])))
            for path, item in sorted(document["paths"].items(), key=lambda entry: entry[0].count("{"))
            for method, operation in item.items()
            if method in METHODS
        ]
        self._validators: dict[str, Any] = {}

    def operation(self, method: str, path: str) -> tuple[dict[str, Any], list[Any]] | None:
        """Return the operation of a request and the parameters of its path; None when undeclared."""
        for pattern, verb, operation, shared in self._operations:
            if verb == method and pattern.fullmatch(path):
                return operation, shared
        return None

    def problems(self, exchange: Exchange) -> list[str]:
        """Return what is wrong with an exchange: its address, its parameters, its two bodies."""
        found = self.operation(exchange.method, exchange.path)
        if found is None:
            return [] if exchange.status in (404, 405) else [f"{exchange}: no such operation"]
        operation, shared = found
        wrong = [*self._answer(operation, exchange)]
        if 200 <= exchange.status < 300:
            wrong += self._query(operation, shared, exchange)
            wrong += self._request(operation, exchange)
        return [f"{exchange}: {problem}" for problem in wrong]

    def surprises(self, exchange: Exchange) -> set[str]:
        """Return where an answer has keys that its schema does not know, e.g. `/data/*/tags`."""
        found = self.operation(exchange.method, exchange.path)
        declared = found[0]["responses"].get(str(exchange.status)) if found else None
        schema = _json_schema(self._resolved(declared)) if declared else None
        return (
            set()
            if schema is None or not exchange.answer
            else set(self._strange(schema, json.loads(exchange.answer), ""))
        )

    def _strange(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        options = list(self._flattened(schema))
        if isinstance(value, list):
            items = {"anyOf": [option["items"] for option in options if "items" in option]}
            for entry in value:
                yield from self._strange(items, entry, f"{where}/*")
        known = [option["properties"] for option in options if "properties" in option]
        if isinstance(value, dict) and known and not any("additionalProperties" in o for o in options):
            for key, entry in value.items():
                meant = [properties[key] for properties in known if key in properties]
                yield from (
                    self._strange({"anyOf": meant}, entry, f"{where}/{key}") if meant else [f"{where}/{key}"]
                )

    def _flattened(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield every schema that may apply, through references and combinations."""
        schema = self._resolved(schema)
        yield schema
        for combination in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(combination, []):
                yield from self._flattened(part)

    def _answer(self, operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        declared = operation["responses"].get(str(exchange.status))
        if declared is None:
            if exchange.status not in UNDECLARED:
                yield "status is not declared"
            return
        schema = _json_schema(self._resolved(declared))
        if schema is not None and exchange.answer:
            yield from self._errors(schema, exchange.answer, "answer")

    def _request(self, operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        schema = _json_schema(self._resolved(operation.get("requestBody", {})))
        if schema is not None and exchange.request:
            yield from self._errors(schema, exchange.request, "request")

    def _query(self, operation: dict[str, Any], shared: list[Any], exchange: Exchange) -> Iterator[str]:
        parameters = [self._resolved(parameter) for parameter in (*operation.get("parameters", []), *shared)]
        known = {p["name"]: p for p in parameters if p["in"] == "query"}
        for name, value in parse_qsl(exchange.query):
            if name not in known:
                yield f"query parameter {name} is not declared"
            else:
                yield from self._parameter(known[name], value)

    def _parameter(self, declared: dict[str, Any], value: str) -> Iterator[str]:
        schema = declared.get("schema", {})
        many = schema.get("type") == "array"
        kind = schema.get("items", {}) if many else schema
        for text in value.split(",") if many else [value]:
            loaded: Any = text
            if kind.get("type") in ("integer", "number", "boolean"):
                try:
                    loaded = json.loads(text)
                except ValueError:
                    loaded = text
            for problem in self._schema_errors(kind, loaded):
                yield f"query parameter {declared['name']}={text}: {problem}"

    def _errors(self, schema: dict[str, Any], body: bytes, which: str) -> Iterator[str]:
        try:
            loaded = json.loads(body)
        except ValueError:
            yield f"{which} is not JSON"
            return
        for problem in self._schema_errors(schema, loaded):
            yield f"{which}: {problem}"

    def _schema_errors(self, schema: dict[str, Any], value: Any) -> Iterator[str]:
        key = json.dumps(schema, sort_keys=True, default=str)
        if key not in self._validators:
            whole = {**self.components, "allOf": [schema_of(schema)]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        for error in self._validators[key].iter_errors(value):
            yield f"/{'/'.join(map(str, error.instance_path))} {error.message[:300]}"

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        found: Any = self.document
        for step in node["$ref"].lstrip("#/").split("/"):
            found = found[unquote(step)]
        return found


def _json_schema(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    content = holder.get("content", {})
    return (content.get("application/json") or {}).get("schema")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _parts(path)))


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"(\{[^}]*\})", path) if part]


def schema_of(node: Any) -> Any:
    """Return an OpenAPI 3.0 schema as JSON Schema 2020-12: `nullable` spelt out, doubled enum items gone.

    Formats are left out: Intercom writes `format: date-time` on whole seconds, Atlassian dates that are none.
    """
    if not isinstance(node, dict):
        return node
    if "$ref" in node and isinstance(node["$ref"], str):
        return {"$ref": node["$ref"]}
    kept = {key: _keyword(key, value) for key, value in node.items() if key in _KEYWORDS}
    if node.get("nullable") is True:
        return {"anyOf": [kept, {"type": "null"}]}
    if None in node.get("enum", []):
        return {"anyOf": [{**kept, "enum": [v for v in kept["enum"] if v is not None]}, {"type": "null"}]}
    return kept


_KEYWORDS = frozenset(
    "type enum required properties items allOf oneOf anyOf additionalProperties minimum maximum minLength "
    "maxLength minItems maxItems pattern not".split()
)


def _keyword(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: schema_of(schema) for name, schema in value.items()}
    if key in ("allOf", "oneOf", "anyOf"):
        return [schema_of(schema) for schema in value]
    if key == "enum":
        return list(dict.fromkeys(value))
    return schema_of(value)


@cache
def intercom(shared: Path) -> Contract:
    """Return Intercom's document for version 2.16."""
    text = (shared / "contracts/intercom/api.intercom.io-2.16.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for patch in (
        _intercom_pages,
        _intercom_parameters,
        _intercom_search,
        _intercom_parents,
        _intercom_nulls,
    ):
        patch(document)
    return Contract(document)


def _intercom_pages(document: dict[str, Any]) -> None:
    """Page-numbered lists reuse the cursor schema, yet `next` is an address and numbers may be text."""
    number = {"oneOf": [{"type": "integer"}, {"type": "string"}]}
    pages = document["components"]["schemas"]["cursor_pages"]
    cursor = {"$ref": "#/components/schemas/starting_after_paging"}
    pages["properties"] |= {"page": number, "per_page": number}
    pages["properties"]["next"] = {"anyOf": [cursor, {"type": "string"}], "nullable": True}


def _intercom_parameters(document: dict[str, Any]) -> None:
    """Lists that are paged declare no `page` and `per_page`; the search's next link carries them as well."""
    more = [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in ("page", "per_page")]
    center = {"name": "help_center_id", "in": "query", "schema": {"type": "integer"}}
    for path in ("/articles", "/articles/search", "/help_center/collections", "/internal_articles"):
        document["paths"][path]["get"].setdefault("parameters", []).extend(more)
    document["paths"]["/help_center/collections"]["get"]["parameters"].append(center)


def _intercom_search(document: dict[str, Any]) -> None:
    """A group of single filters fits both branches of a recursive `oneOf`: it is refused although valid."""
    group = document["components"]["schemas"]["multiple_filter_search_request"]
    single = {"$ref": "#/components/schemas/single_filter_search_request"}
    nested = {"$ref": "#/components/schemas/multiple_filter_search_request"}
    group["properties"]["value"] = {"type": "array", "items": {"anyOf": [single, nested]}}
    group["required"] = ["operator", "value"]
    document["components"]["schemas"]["single_filter_search_request"]["required"] = ["field", "operator"]


def _intercom_parents(document: dict[str, Any]) -> None:
    """`parent_id` is an integer when an article is made and a string when it is changed; null takes it out."""
    for name in ("create_article_request", "update_article_request"):
        properties = document["components"]["schemas"][name]["properties"]
        properties["parent_id"] = {"oneOf": [{"type": "integer"}, {"type": "string"}], "nullable": True}


def _intercom_nulls(document: dict[str, Any]) -> None:
    """The document's own examples have a part's `assigned_to` as null."""
    schemas = document["components"]["schemas"]
    reference = {"$ref": "#/components/schemas/reference"}
    schemas["conversation_part"]["properties"]["assigned_to"] = {"anyOf": [reference], "nullable": True}


@cache
def confluence(shared: Path, version: int) -> Contract:
    """Return Atlassian's document for version 1 or 2; version 2 paths are below `/wiki/api/v2`."""
    text = (shared / f"contracts/confluence/confluence-cloud-v{version}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    if version == 2:
        _confluence_bodies(document)
    for name, schema in document["components"]["schemas"].items():
        _confluence_nulls(name, schema)
    return Contract(document)


def _confluence_bodies(document: dict[str, Any]) -> None:
    """The bodies of writes are a `oneOf` of two schemas without required keys: every valid one fits both."""
    for item in document["paths"].values():
        for method, operation in item.items():
            schema = _json_schema(operation.get("requestBody", {})) if method in METHODS else None
            for part in _all_of(schema):
                body = part.get("properties", {}).get("body", {})
                if "oneOf" in body:
                    body["anyOf"] = body.pop("oneOf")
    for schema in document["components"]["schemas"].values():
        body = schema.get("properties", {}).get("body", {})
        if "oneOf" in body:
            body["anyOf"] = body.pop("oneOf")


def _all_of(schema: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if schema is not None:
        yield schema
        for part in schema.get("allOf", []):
            yield from _all_of(part)


_SEEN_AS_NULL = frozenset({"parentId", "parentType", "position", "mediaTypeDescription"})


def _confluence_nulls(name: str, schema: dict[str, Any]) -> None:
    """Several values are null on the wire though not declared so; a folder's dates are numbers."""
    for key, value in schema.get("properties", {}).items():
        if key in _SEEN_AS_NULL and isinstance(value, dict):
            schema["properties"][key] = {"anyOf": [value], "nullable": True}
    if name.startswith("Folder") and "createdAt" in schema.get("properties", {}):
        schema["properties"]["createdAt"] = {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def all_problems(contract: Contract, recorder: Recorder) -> list[str]:
    """Return everything that is wrong with what was recorded."""
    return [problem for exchange in recorder.exchanges for problem in contract.problems(exchange)]
