"""From an HTTP request to a call on the site, and from its result or refusal to an answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kbsync.sandbox import accounts
from kbsync.sandbox.confluence import longtasks
from kbsync.sandbox.confluence.failure import Json, Refusal, invalid
from kbsync.sandbox.confluence.pages import Race
from kbsync.sandbox.confluence.site import ME, Site, found

Version: TypeAlias = Literal["v1", "v2"]
MAX_LIMIT: Final = 250


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body (or bytes), and headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request. `lag` is the search index's delay in seconds."""

    site: Site
    path: Mapping[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    body: bytes
    base: str
    route: str
    lag: float = 0.0
    me: str = ME

    def id(self, name: str = "id") -> str:
        """Return a numeric path parameter; raises 400 for anything else."""
        return _numeric(name, self.path[name])

    def json(self) -> Json:
        """Return the body as an object; raises 400 for anything else."""
        loaded = self.json_any()
        if not isinstance(loaded, dict):
            raise invalid("The request body must be a JSON object")
        return loaded

    def json_any(self) -> Any:
        """Return the body as JSON of any kind; raises 400."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise invalid("The request body is not valid JSON") from None

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean query parameter; raises 400."""
        value = self.query.get(name)
        if value is None:
            return default
        if value.lower() not in {"true", "false"}:
            raise _mistyped(name, value, "boolean")
        return value.lower() == "true"

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer query parameter within bounds; raises 400."""
        value = self.query.get(name)
        if value is None:
            return default
        if not value.lstrip("-").isdecimal():
            raise _mistyped(name, value, "int")
        if not low <= int(value) <= high:
            raise invalid(f"Provided value {{{value}}} for '{name}' must be between {low} and {high}")
        return int(value)

    def values(self, name: str) -> list[str]:
        """Return a list parameter, repeated or separated by commas."""
        return [part for value in self.query.getlist(name) for part in value.split(",") if part]

    def ids(self, name: str, most: int) -> list[str]:
        """Return a list of numeric ids; raises 400 for more than `most`."""
        values = [_numeric(name, value) for value in self.values(name)]
        if len(values) > most:
            raise invalid(f"Too many values for '{name}': at most {most} are allowed")
        return values

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """Return a parameter with fixed values; raises 400."""
        value = self.query.get(name, default)
        if value != default and value not in allowed:
            raise _mistyped(name, value, f"one of {', '.join(allowed)}")
        return value

    def link(self, path: str) -> str:
        """Return the absolute URL of a path below /wiki."""
        return f"{self.base}{path}"


Handler: TypeAlias = Callable[[Call], Answer]
Table: TypeAlias = Mapping[tuple[str, str], Handler]
"""(method, path) to handler."""


def routes(site: Site, version: Version, prefix: str, table: Table, *, public: bool = False) -> list[Route]:
    """Return the routes of a table; each path also answers with a slash behind it, as the real service does.

    `public` routes need no login.
    """
    by_path: dict[str, dict[str, Handler]] = {}
    for (method, path), handler in table.items():
        by_path.setdefault(prefix + path, {})[method] = handler
    return [
        Route(path + slash, _Endpoint(site, version, handlers, public=public), methods=None)
        for path, handlers in by_path.items()
        for slash in ("", "/")
    ]


class _Endpoint:
    """The ASGI endpoint for all methods of one path."""

    def __init__(
        self, site: Site, version: Version, handlers: Mapping[str, Handler], *, public: bool
    ) -> None:
        self.site, self.version, self.handlers, self.public = site, version, handlers, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        answer = self._answer(request, await request.body())
        await _response(answer)(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Answer:
        with self.site.store.transaction():
            try:
                return self._handle(request, body)
            except Race as race:
                self.site.change_setting("optimistic_lock", race.left)
                return refused(race, self.version)
            except Refusal as refusal:
                # Caught inside the transaction: handlers look before they write, so nothing is to be undone.
                return refused(refusal, self.version)

    def _handle(self, request: Request, body: bytes) -> Answer:
        found(self.site)
        if not self.public:
            _authenticate(request)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self.handlers:
            raise Refusal(405, "Method Not Allowed")
        longtasks.settle(self.site)
        return self.handlers[method](_call(self.site, request, body))


def refused(refusal: Refusal, version: Version) -> Answer:
    """Return the answer that says no."""
    challenge = (
        {"WWW-Authenticate": 'OAuth realm="confluence"'} if refusal.status == HTTPStatus.UNAUTHORIZED else {}
    )
    return Answer(refusal.v2() if version == "v2" else refusal.v1(), refusal.status, challenge)


def _call(site: Site, request: Request, body: bytes) -> Call:
    base = f"{request.url.scheme}://{request.url.netloc}/wiki"
    lag = float(getattr(getattr(request.app.state, "faults", None), "lag", 0.0))
    path = {name: str(value) for name, value in request.path_params.items()}
    return Call(site, path, request.query_params, request.headers, body, base, request.url.path, lag)


def _authenticate(request: Request) -> None:
    """Accept `Basic email:token` on Cloud, and the token as a Bearer token; refuse everything else."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "bearer" and credentials == accounts.CONFLUENCE_TOKEN:
        return
    if (
        scheme.lower() == "basic"
        and _decoded(credentials) == f"{accounts.CONFLUENCE_USER}:{accounts.CONFLUENCE_TOKEN}"
    ):
        return
    raise Refusal(401, "Unauthorized")


def _decoded(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _response(answer: Answer) -> Response:
    headers = {name: value.encode("utf-8").decode("latin-1") for name, value in answer.headers.items()}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    content = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return Response(content, answer.status, headers, answer.media_type)


def _numeric(name: str, value: str) -> str:
    if not (value.isascii() and value.isdecimal()) or len(value) > 19:  # noqa: PLR2004 - digits of an int64
        raise _mistyped(name, value, "long")
    return value


def _mistyped(name: str, value: str, kind: str) -> Refusal:
    return invalid(
        f"Provided value {{{value}}} for '{name}' is not the correct type. Expected type is {kind}"
    )


def title_path(title: str) -> str:
    """Return a title as it stands in page URLs."""
    return quote(title, safe="").replace("%20", "+")


def file_path(name: str) -> str:
    """Return a file name as it stands in download addresses."""
    return quote(name, safe="")
