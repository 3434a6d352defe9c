"""All traffic to Confluence, through the REST client of atlassian-python-api.

Only its `request` is used: authentication, session, URL joining. Its high-level methods call routes that
do not exist on Cloud, omit required fields and drop the base version of updates
(atlassian-api/atlassian-python-api#1683), and its own backoff repeats creates, so both stay off.
"""

from __future__ import annotations

import logging
import mimetypes
import threading
from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import requests
import urllib3
from atlassian.rest_client import AtlassianRestAPI
from requests.adapters import BaseAdapter

from kbsync.effects import DIRECT, Effects
from kbsync.errors import Incomplete
from kbsync.replicas.confluence.page import Json, items
from kbsync.replicas.limits import Patience
from kbsync.replicas.transport import Courier, Lost, Remote, Reply, unreached

Params: TypeAlias = Mapping[str, str | int]

_MEND: Final = (
    "check KBSYNC_CONFLUENCE_USER and KBSYNC_CONFLUENCE_TOKEN: on Cloud an account's e-mail and API token, "
    "on Data Center a personal access token without a user; the account must be allowed to edit the space"
)
_UPLOAD: Final = {"X-Atlassian-Token": "nocheck", "Accept": "application/json"}
_UNREACHED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
)

# The library logs headers, bodies and a curl line of every request at DEBUG.
logging.getLogger("atlassian").setLevel(logging.CRITICAL)
logging.getLogger("atlassian.rest_client").setLevel(logging.CRITICAL)


class ConfluenceClient:
    """Speaks to one site; safe to share between threads, each of which has its own session.

    Raises AccessRefused, Missing, Rejected, RemoteDown, Unclear.
    """

    def __init__(
        self,
        base_url: str,
        user: str,
        token: str,
        effects: Effects = DIRECT,
        patience: Patience | None = None,
        adapter: BaseAdapter | None = None,
    ) -> None:
        token = token.strip()
        self.base_url = _wiki(base_url.rstrip("/"))
        self._user, self._token = user.strip(), token
        self._adapter = adapter
        self._patience = patience or Patience()
        remote = Remote("confluence", "Confluence", _MEND, secrets=(token,))
        self.courier = Courier(remote, effects, self._patience)
        self._local = threading.local()

    def requests(self) -> Mapping[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        return self.courier.counts()

    def get(self, path: str, params: Params | None = None) -> Json:
        """GET a JSON object."""
        reply = self.courier.read(
            f"GET {_shown(path)}", lambda: self._send("GET", path, params=dict(params or {}))
        )
        return _object(reply, path)

    def every(self, path: str, params: Params) -> list[Json]:
        """GET all pages of a listing, v2 (cursor) or v1 (start). Raises Incomplete.

        The next page's address comes relative, in `_links.next` or the Link header, and through the gateway
        with another prefix, so only its query is followed.
        """
        found: list[Json] = []
        query: dict[str, str | int] = dict(params)
        seen: set[str] = set()
        while True:
            reply = self._asked(path, query)
            page = _object(reply, path)
            if not isinstance(page.get("results"), list):
                raise Incomplete("the listing has no results", where=f"GET {_shown(path)}")
            found += items(page)
            following = _next(page, reply)
            if not following:
                return found
            if following in seen:
                raise Incomplete("the listing leads back to a page it had", where=f"GET {_shown(path)}")
            seen.add(following)
            query = dict(params) | dict(parse_qsl(urlsplit(following).query))

    def _asked(self, path: str, query: Params) -> Reply:
        return self.courier.read(f"GET {_shown(path)}", lambda: self._send("GET", path, params=dict(query)))

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Params | None = None,
        *,
        repeatable: bool = False,
    ) -> Json:
        """POST, PUT or DELETE as one effect."""
        what = f"{method} {_shown(path)}"
        send = lambda: self._send(method, path, data=body, params=dict(params or {}))  # noqa: E731  one attempt
        return _object(self.courier.write(what, send, repeatable=repeatable), path)

    def upload(self, method: str, path: str, name: str, data: bytes, comment: str) -> Json:
        """Send one file as multipart, as one effect; the same name and bytes again make no harm."""
        parts = {
            "file": (name, data, mimetypes.guess_type(name)[0] or "application/octet-stream"),
            "comment": (None, comment.encode(), "text/plain; charset=utf-8"),
            "minorEdit": (None, b"true", "text/plain"),
        }
        send = lambda: self._send(method, path, files=parts, headers=_UPLOAD)  # noqa: E731  one attempt
        return _object(self.courier.write(f"{method} {_shown(path)}", send, repeatable=True), path)

    def download(self, path: str) -> bytes:
        """GET bytes; redirects to the media store are followed without the credentials."""
        send = lambda: self._send("GET", path, headers={"Accept": "*/*"}, allow_redirects=True)  # noqa: E731
        return self.courier.read(f"GET {_shown(path)}", send, json=False).content

    def _send(self, method: str, path: str, *, allow_redirects: bool = False, **request: Any) -> Reply:
        try:
            response = self._rest.request(
                method, path, advanced_mode=True, allow_redirects=allow_redirects, **request
            )
        except requests.Timeout as error:
            raise Lost(
                "did not answer in time", sent=not isinstance(error, requests.ConnectTimeout)
            ) from None
        except requests.RequestException as error:
            raise Lost(unreached(self.base_url, error), sent=not _unreached(error)) from None
        return Reply(response.status_code, response.headers, response.content)

    @property
    def _rest(self) -> AtlassianRestAPI:
        rest: AtlassianRestAPI | None = getattr(self._local, "rest", None)
        if rest is None:
            rest = self._local.rest = self._fresh()
        return rest

    def _fresh(self) -> AtlassianRestAPI:
        session = requests.Session()
        if self._adapter is not None:
            session.mount("https://", self._adapter)
            session.mount("http://", self._adapter)
        named = bool(self._user)
        return AtlassianRestAPI(
            self.base_url,
            username=self._user if named else None,
            password=self._token if named else None,
            token=None if named else self._token,
            session=session,
            timeout=max(1, int(self._patience.timeout)),
            backoff_and_retry=False,
            retry_with_header=False,
        )


def _wiki(base_url: str) -> str:
    parts = urlsplit(base_url)
    bare = not parts.path and (parts.hostname or "").endswith(".atlassian.net")
    return f"{base_url}/wiki" if bare else base_url


def _shown(path: str) -> str:
    return "/" + path.lstrip("/")


def _object(reply: Reply, path: str) -> Json:
    data = reply.data()
    if data is None:
        return {}
    if isinstance(data, list):
        return {"results": data}
    if not isinstance(data, dict):
        raise Incomplete("Confluence answered with something that is not an object", where=_shown(path))
    return data


def _next(page: Json, reply: Reply) -> str:
    links = page.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    if isinstance(following, str):
        return following
    header = requests.utils.parse_header_links(reply.headers.get("Link", ""))
    return next((link["url"] for link in header if link.get("rel") == "next"), "")


def _unreached(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), _UNREACHED)
