"""Intercom's REST API, version 2.16: one method per documented route, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import httpx
import msgspec

from kbsync.effects import DIRECT, Effects
from kbsync.errors import Incomplete
from kbsync.replicas.limits import Patience
from kbsync.replicas.transport import Courier, Lost, Remote, Reply, unreached

Json: TypeAlias = dict[str, Any]

VERSION: Final = "2.16"
"""The response shape changes between versions, so each call pins one (developers.intercom.com, Versioning)."""

_MEND = (
    "check KBSYNC_INTERCOM_TOKEN: it must be an access token of this workspace and region, "
    "with the permissions to read and write articles"
)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class IntercomClient:
    """Speaks to one workspace; safe to share between threads.

    Raises AccessRefused, Missing (also where a route does not exist), Rejected, RemoteDown, Unclear.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        effects: Effects = DIRECT,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        patience = patience or Patience()
        token = token.strip()
        self.base_url = base_url.rstrip("/")
        self.courier = Courier(Remote("intercom", "Intercom", _MEND, secrets=(token,)), effects, patience)
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {token}",
                "Intercom-Version": VERSION,
                "Accept": "application/json",
            },
            timeout=httpx.Timeout(patience.timeout, connect=min(5.0, patience.timeout)),
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def requests(self) -> Mapping[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        return self.courier.counts()

    # --- the two verbs ----------------------------------------------------------------------------

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """GET a JSON object."""
        reply = self.courier.read(f"GET {path}", lambda: self._send("GET", path, params=params))
        return _object(reply, f"GET {path}")

    def write(self, method: str, path: str, body: Json | None = None, *, repeatable: bool = False) -> Json:
        """POST, PUT or DELETE as one effect."""
        what = f"{method} {path}"
        reply = self.courier.write(what, lambda: self._send(method, path, json=body), repeatable=repeatable)
        return _object(reply, what)

    def ask(self, path: str, body: Json) -> Json:
        """POST a question that changes nothing, such as `/conversations/search`."""
        what = f"POST {path}"
        return _object(self.courier.read(what, lambda: self._send("POST", path, json=body)), what)

    def _send(self, method: str, path: str, **request: Any) -> Reply:
        try:
            response = self._http.request(method, self.base_url + path, **request)
        except httpx.TimeoutException as error:
            raise Lost("did not answer in time", sent=not isinstance(error, _UNSENT)) from None
        except httpx.HTTPError as error:
            raise Lost(unreached(self.base_url, error), sent=not isinstance(error, _UNSENT)) from None
        return Reply(response.status_code, response.headers, response.content)


def _object(reply: Reply, what: str) -> Json:
    data = reply.data()
    if data is None:
        return {}
    if not isinstance(data, dict):
        kind = msgspec.json.encode(data)[:20].decode(errors="replace")
        raise Incomplete(f"Intercom answered with something that is not an object: {kind}", where=what)
    return data
