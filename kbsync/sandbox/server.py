"""The sandbox as a real HTTP server on loopback."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from kbsync.errors import UsageError
from kbsync.sandbox import accounts, wire
from kbsync.sandbox.app import Deployment, create_app
from kbsync.sandbox.faults import Faults
from kbsync.sandbox.limits import Limits
from kbsync.sandbox.seed import plant
from kbsync.sandbox.store import Store

_START_SECONDS = 20.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Sandbox:
    """An emulated Intercom and Confluence while the `with` block lasts.

    `port` 0 takes a free one, `store_path` None keeps everything in memory, `seed` is None or "demo",
    `faults` is a specification as `--faults` takes it or a `Faults`. Raises UsageError when the address is
    not loopback or the port is taken.
    """

    intercom_token = accounts.INTERCOM_TOKEN
    teammate_token = accounts.TEAMMATE_TOKEN
    other_intercom_token = accounts.OTHER_INTERCOM_TOKEN
    client_secret = accounts.CLIENT_SECRET
    confluence_user = accounts.CONFLUENCE_USER
    confluence_token = accounts.CONFLUENCE_TOKEN
    workspace = accounts.WORKSPACE
    space = accounts.SPACE

    def __init__(
        self,
        store_path: str | Path | None = None,
        port: int = 0,
        seed: str | None = None,
        faults: str | Faults | None = None,
        public: Path | None = None,
        deployment: Deployment = "cloud",
        *,
        host: str = "127.0.0.1",
        limits: Limits | None = None,
    ) -> None:
        self.host, self.port, self.deployment = _loopback(host), port, deployment
        self.faults = Faults.parse(faults) if isinstance(faults, str) else faults or Faults()
        self.limits = limits or Limits(deployment=deployment)
        self.store = Store(":memory:" if store_path is None else store_path)
        self._seed = seed
        self.app = create_app(
            self.store, faults=self.faults, limits=self.limits, public=public, deployment=deployment
        )
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return the root of everything."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def intercom_url(self) -> str:
        """Return what `[intercom] base_url` takes."""
        return f"{self.url}/intercom"

    @property
    def confluence_url(self) -> str:
        """Return what `[confluence] base_url` takes."""
        return f"{self.url}/wiki"

    @property
    def public_url(self) -> str:
        """Return what `[assets] public_base_url` takes."""
        return f"{self.url}/public"

    def __enter__(self) -> Self:
        """Start serving in a background thread."""
        listener = self._bind()
        self._thread = threading.Thread(
            target=self._serve, args=(listener,), name="kbsync-sandbox", daemon=True
        )
        self._thread.start()
        if self._server is None or not self._server.ready.wait(_START_SECONDS):
            self.close()
            raise UsageError("the sandbox did not start", where=self.url)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Stop serving and free the port."""
        self.close()

    def close(self) -> None:
        """Stop, wait for the thread, close the store."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.store.close()

    def run(self, on_ready: Callable[[Sandbox], None] | None = None) -> None:
        """Serve in the foreground until SIGINT or SIGTERM, then end cleanly.

        `on_ready` is called once the port accepts connections.
        """
        listener = self._bind()
        try:
            if on_ready is not None:
                on_ready(self)
            self._serve(listener)
        finally:
            self.store.close()

    def _bind(self) -> socket.socket:
        """Take the port, plant the seed, and make the server, so that the address is known at once."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # With the protocol named, asyncio switches Nagle's delay off: 40 ms an answer otherwise.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
            listener.listen()
        except OSError as error:
            listener.close()
            raise UsageError(
                f"port {self.port} is not free: {error.strerror}", where="--port", hint="choose another, or 0"
            ) from error
        self.port = listener.getsockname()[1]
        plant(self.store, self._seed, self.url)
        self._server = _Server(self._config())
        return listener

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            http=wire.Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )

    def _serve(self, listener: socket.socket) -> None:
        assert self._server is not None
        with listener:
            self._server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a signal, without raising it again afterwards as uvicorn does: it was asked for."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then let `Sandbox` go on."""
        await super().startup(sockets=sockets)
        self.ready.set()


def serve(on_ready: Callable[[Sandbox], None] | None = None, **options: Any) -> None:
    """Run a sandbox in the foreground; `options` as for `Sandbox`, `on_ready` as for `Sandbox.run`."""
    Sandbox(**options).run(on_ready)


def _loopback(host: str) -> str:
    """Return the address, "localhost" resolved; raises UsageError when others could reach it."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise UsageError(
        f"{host!r} is not a loopback address",
        where="sandbox",
        hint="the sandbox has no real users: use 127.0.0.1",
    )
