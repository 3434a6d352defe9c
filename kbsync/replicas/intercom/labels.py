"""Labels are tags: created by name once, then attached to and detached from articles."""

from __future__ import annotations

import threading

from kbsync.document.formats import Loss
from kbsync.errors import AccessRefused, Missing, Rejected
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.form import tags


class Labels:
    """Brings an article's tags to a set of names."""

    def __init__(self, client: IntercomClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._ids: dict[str, str] | None = None

    def bring(self, item: Json, before: tuple[str, ...], wanted: tuple[str, ...]) -> list[Loss]:
        """Apply what changed; what people did to the tags meanwhile stands.

        Labels that cannot be written are losses, not failures.
        """
        there = {str(tag.get("name")): str(tag.get("id")) for tag in tags(item)}
        losses = []
        try:
            for name in sorted(set(wanted) - set(before) - set(there)):
                self._attach(str(item["id"]), name)
            for name in sorted((set(before) - set(wanted)) & set(there)):
                self._detach(str(item["id"]), there[name])
        except (Missing, Rejected, AccessRefused) as error:
            losses.append(Loss("labels-not-written", f"Intercom does not take the tags: {error.message}"))
        return losses

    def _attach(self, handle: str, name: str) -> None:
        path = f"/articles/{handle}/tags"
        self._client.write("POST", path, {"id": self._id(name)}, repeatable=True)

    def _detach(self, handle: str, tag: str) -> None:
        try:
            self._client.write("DELETE", f"/articles/{handle}/tags/{tag}", repeatable=True)
        except Missing as error:
            if error.status != 404:  # noqa: PLR2004  gone already is what was wanted
                raise

    def _id(self, name: str) -> str:
        """Return the tag's id; `POST /tags` with a name that exists answers with the existing tag."""
        with self._lock:
            if self._ids is None:
                self._ids = self._listed()
            if name not in self._ids:
                made = self._client.write("POST", "/tags", {"name": name}, repeatable=True)
                self._ids[name] = str(made.get("id"))
            return self._ids[name]

    def _listed(self) -> dict[str, str]:
        try:
            data = self._client.get("/tags").get("data")
        except Missing:
            return {}
        found = [tag for tag in data if isinstance(tag, dict)] if isinstance(data, list) else []
        return {str(tag.get("name")): str(tag.get("id")) for tag in found}
