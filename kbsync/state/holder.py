"""Who holds the state: what a second run is told, and what a run knows its own lease by."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from datetime import UTC, datetime

import msgspec


class Holder(msgspec.Struct, frozen=True):
    """A run; `token` tells two runs of one process apart."""

    user: str
    host: str
    pid: int
    since: str
    token: str = ""

    @classmethod
    def of_this_process(cls) -> Holder:
        """Return a new run of this process."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container without a passwd entry
            user = str(os.getuid())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(user, socket.gethostname(), os.getpid(), now, secrets.token_hex(8))

    @classmethod
    def read(cls, text: str) -> Holder:
        """Return the run that a lease names."""
        return msgspec.json.decode(text, type=cls)

    def text(self) -> str:
        """Return what a lease names the run by."""
        return msgspec.json.encode(self).decode()

    def describe(self) -> str:
        """Return `who on where (process n) since when`."""
        return f"{self.user} on {self.host} (process {self.pid}) since {self.since}"
