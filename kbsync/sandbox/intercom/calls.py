"""From an HTTP request to a handler and back: access, versions, JSON, errors."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kbsync.sandbox import accounts
from kbsync.sandbox.intercom.problems import Refusal
from kbsync.sandbox.intercom.workspace import Workspace, owner

VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{minor}" for minor in range(17)))
NEWEST: Final = "2.16"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request. `base` is the address of this Intercom, `via` how a version says it was made."""

    request: Request
    body: dict[str, Any]
    space: Workspace
    admin: str
    via: str
    version: str
    base: str

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """Return a query parameter."""
        return self.request.query_params.get(name, default)

    @property
    def lag(self) -> float:
        """Return the seconds by which search indexes run late."""
        return float(self.request.app.state.faults.lag)

    @property
    def is_newest(self) -> bool:
        """Tell whether the caller asked for the version that brought drafts, versions and content search."""
        return self.version == NEWEST


Answer: TypeAlias = dict[str, Any] | Response
Handler: TypeAlias = Callable[[Call], Answer]


def route(path: str, *, waits: tuple[str, ...] = (), since: str = "1.0", **handlers: Handler) -> Route:
    """Return the route of a path: `GET=handler, PUT=handler`.

    A handler runs inside one transaction of the store, except those of the methods that `waits` names:
    they wait for something else first. Callers who ask for a version before `since` are told that the
    resource does not exist there.
    """
    ways = {
        method: handler if method in waits else _in_transaction(handler)
        for method, handler in handlers.items()
    }

    async def serve(request: Request) -> Response:
        return await _serve(request, ways.get(request.method), since)

    return Route(path, serve, methods=METHODS)


async def unknown(request: Request) -> Response:
    """Answer for a path that does not exist."""
    return await _serve(request, None, "1.0")


def _in_transaction(handler: Handler) -> Handler:
    def handle(call: Call) -> Answer:
        with call.space.store.transaction():
            return handler(call)

    return handle


async def _serve(request: Request, handler: Handler | None, since: str) -> Response:
    version = request.headers.get("Intercom-Version") or NEWEST
    try:
        call = _admit(request, version, await request.body())
        answer = await run_in_threadpool(_available(handler, version, since), call)
    except Refusal as refusal:
        return _refused(request, refusal)
    response = answer if isinstance(answer, Response) else reply(answer)
    response.headers["Intercom-Version"] = version
    return response


def _available(handler: Handler | None, version: str, since: str) -> Handler:
    if handler is None:
        raise Refusal(404, "not_found", "Requested resource was not found")
    if VERSIONS.index(version) < VERSIONS.index(since):
        message = "Requested resource is not available in current API version."
        raise Refusal(400, "intercom_version_invalid", message)
    return handler


def reply(answer: Any, status: int = 200) -> Response:
    """Return an answer as JSON."""
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def _refused(request: Request, refusal: Refusal) -> Response:
    bare = (request.app.state.store.get("setting", "all") or {}).get("intercom.bare_errors", refusal.bare)
    if bare and 400 <= refusal.status < 500:  # noqa: PLR2004  client errors
        return Response(status_code=refusal.status)
    return reply(refusal.as_json(str(uuid.uuid4())), refusal.status)


def _admit(request: Request, version: str, body: bytes) -> Call:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    workspace = accounts.WORKSPACES.get(token.strip()) if scheme.lower() == "bearer" else None
    if workspace is None:
        raise Refusal(401, "unauthorized", "Access Token Invalid")
    if version not in VERSIONS:
        raise Refusal(400, "intercom_version_invalid", "The requested version could not be found")
    return Call(
        request=request,
        body=_json(body),
        space=Workspace(request.app.state.store, workspace),
        admin=owner(token.strip()),
        via="web" if token.strip() == accounts.TEAMMATE_TOKEN else "api",
        version=version,
        base=f"{request.url.scheme}://{request.url.netloc}/intercom",
    )


def _json(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        loaded = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Refusal(400, "bad_request", f"The request body is not valid JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise Refusal(400, "bad_request", "The request body must be a JSON object")
    return loaded
