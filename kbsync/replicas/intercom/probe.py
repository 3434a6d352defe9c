"""Who the token belongs to, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass

from kbsync.errors import AccessRefused, Missing, RemoteError, WrongWorkspace
from kbsync.replicas.base import Standing
from kbsync.replicas.intercom.addresses import Center
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.settings import IntercomSettings


@dataclass(frozen=True, slots=True)
class Account:
    """The token's own teammate and workspace; `workspace` is "" where the remote does not tell."""

    teammate: int | None = None
    workspace: str = ""
    name: str = ""


def account(client: IntercomClient, settings: IntercomSettings) -> Account:
    """Read `GET /me` and pin the workspace. Raises AccessRefused, WrongWorkspace, RemoteDown."""
    try:
        me = client.get("/me")
    except Missing:
        return Account()
    app = me.get("app")
    app = app if isinstance(app, dict) else {}
    found = Account(_teammate(me), str(app.get("id_code") or ""), str(app.get("name") or ""))
    if settings.workspace and found.workspace and found.workspace != settings.workspace:
        message = f"the token belongs to workspace {found.workspace}, kbsync.toml names {settings.workspace}"
        hint = "put the right token into KBSYNC_INTERCOM_TOKEN, or the right id into [intercom] workspace"
        raise WrongWorkspace(message, where="GET /me", hint=hint)
    return found


def center(client: IntercomClient, settings: IntercomSettings) -> Center:
    """Read the help center's address and locales; an unknown center where the route does not exist."""
    try:
        data = client.get("/help_center/help_centers").get("data")
    except (Missing, AccessRefused):
        return Center()
    found = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    wanted = settings.help_center_id
    if wanted is not None:
        found = [item for item in found if str(item.get("id")) == str(wanted)]
    found.sort(key=lambda item: not item.get("default"))
    return _center(found[0]) if found else Center()


def standing(client: IntercomClient, settings: IntercomSettings) -> Standing:
    """Return one line a check. Raises AccessRefused, WrongWorkspace, RemoteDown."""
    me = account(client, settings)
    checks = [("token", True, f"accepted by {client.base_url}")]
    pinned = bool(settings.workspace) and me.workspace == settings.workspace
    told = me.workspace or "unknown"
    checks.append(("workspace", pinned, told if pinned else f"{told}; pin it as [intercom] workspace"))
    for name, path in (("articles", "/articles"), ("collections", "/help_center/collections")):
        checks.append(_route(client, name, path))
    found = center(client, settings)
    checks.append(("help center", bool(found.url), found.url or "not found; links between drafts will wait"))
    byline = settings.author_id if settings.author_id is not None else me.teammate
    checks.append(("author", byline is not None, str(byline or "set [intercom] author_id")))
    return Standing(tuple(checks))


def _route(client: IntercomClient, name: str, path: str) -> tuple[str, bool, str]:
    try:
        reply = client.get(path, {"page": 1, "per_page": 1})
    except (AccessRefused, RemoteError) as error:
        return name, False, error.line()
    total = reply.get("total_count")
    return name, True, f"{total} can be read" if isinstance(total, int) else "can be read"


def _teammate(me: Json) -> int | None:
    id = str(me.get("id") or "")
    return int(id) if id.isdigit() else None


def _center(item: Json) -> Center:
    locales = item.get("locales")
    names = frozenset(str(name) for name in locales) if isinstance(locales, list) else frozenset()
    return Center(str(item.get("url") or ""), names)
