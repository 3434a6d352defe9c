"""What a command works with: the configuration, the replicas, the state and the engine, made when needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kbsync import config as configuration
from kbsync.cli.options import Options
from kbsync.config import Config, Secrets, Settings
from kbsync.effects import DIRECT
from kbsync.errors import ConfigError, WriteFailed

if TYPE_CHECKING:
    from kbsync.conversations.store import Store
    from kbsync.document.formats import Format
    from kbsync.replicas.base import Replica, ReplicaName
    from kbsync.replicas.files.replica import FilesReplica
    from kbsync.replicas.intercom.client import IntercomClient
    from kbsync.sync.engine import Engine
    from kbsync.sync.outcome import Progress
    from kbsync.sync.policy import Policy
    from kbsync.workflow.git import Checkout


class Session:
    """One command's view of one configuration."""

    def __init__(self, config: Config, root: Path | None = None) -> None:
        self.config = config
        self.root = root or config.root

    @classmethod
    def open(cls, options: Options) -> Session:
        """Read the named configuration, or the nearest. Raises ConfigError."""
        return cls(configuration.load(options.config or configuration.find(Path.cwd())))

    @classmethod
    def offline(cls, options: Options, near: Sequence[Path] = ()) -> Session:
        """Do the same for commands that need no remote; without a file, a named folder is the content."""
        try:
            path = options.config or configuration.find(Path.cwd())
        except ConfigError:
            if not near:
                raise
            folder = near[0] if near[0].is_dir() else near[0].parent
            return cls(Config(folder / configuration.FILE_NAME, Settings()), root=folder)
        return cls(configuration.load(path))

    @property
    def settings(self) -> Settings:
        """Return the settings."""
        return self.config.settings

    def files(self) -> FilesReplica:
        """Return the files replica."""
        from kbsync.replicas.files.replica import FilesReplica

        return FilesReplica(
            self.root, self.config.home / "retired", self.settings.content.default_locale, DIRECT
        )

    def formats(self) -> tuple[Format, ...]:
        """Return the formats of the remotes that are configured, all when none is."""
        from kbsync.document.confluence import CONFLUENCE
        from kbsync.document.intercom import INTERCOM

        used = [
            *([INTERCOM] if self.settings.intercom else []),
            *([CONFLUENCE] if self.settings.confluence else []),
        ]
        return tuple(used) or (INTERCOM, CONFLUENCE)

    def count(self) -> int:
        """Return how many Markdown files there are."""
        return sum(1 for _ in self.root.rglob("*.md"))

    def replicas(self) -> Mapping[ReplicaName, Replica]:
        """Return all replicas that are configured. Raises ConfigError for a missing secret."""
        found = self.config.secrets()
        replicas: dict[ReplicaName, Replica] = {"files": self.files()}
        if self.settings.intercom is not None:
            replicas["intercom"] = self._intercom(found)
        if self.settings.confluence is not None:
            replicas["confluence"] = self._confluence(found)
        return replicas

    def store(self) -> Store:
        """Open the conversations. Raises ConversationError."""
        from kbsync.conversations.store import Store

        return Store(self.config.at(self.settings.conversations.store))

    @property
    def learned(self) -> Path:
        """Return the folder of what the gap analysis learned from the store."""
        return self.config.home / "gaps" / "learned"

    def forget_learned(self, store: Store) -> None:
        """After a purge: forget what was learned from conversations that are gone."""
        from kbsync.gaps.kept import Kept

        Kept(self.learned).prune(store.present(float("-inf")))

    def intercom_client(self) -> IntercomClient:
        """Return a client of the workspace. Raises ConfigError."""
        from kbsync.replicas.intercom.client import IntercomClient

        table = self.settings.intercom
        if table is None:
            raise ConfigError(
                "there is no [intercom] table",
                where=str(self.config.path),
                hint="kbsync schema shows its keys",
            )
        found = self.config.secrets(of=("intercom",))
        return IntercomClient(table.base_url, found.intercom_token)

    def _intercom(self, found: Secrets) -> Replica:
        from kbsync.replicas.intercom import IntercomReplica, IntercomSettings

        table = self.settings.intercom
        assert table is not None
        return IntercomReplica(
            IntercomSettings(
                base_url=table.base_url,
                workspace=table.workspace,
                author_id=table.author_id,
                help_center_id=table.help_center_id,
                publish=table.publish,
                public_base_url=self.settings.assets.public_base_url or "",
                default_locale=self.settings.content.default_locale,
            ),
            found.intercom_token,
        )

    def _confluence(self, found: Secrets) -> Replica:
        from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings

        table = self.settings.confluence
        assert table is not None
        return ConfluenceReplica(
            ConfluenceSettings(
                base_url=table.base_url,
                deployment=table.deployment,
                space=table.space,
                root_page=table.root_page or "",
                locales=table.locales,
                default_locale=self.settings.content.default_locale,
            ),
            found.confluence_user,
            found.confluence_token,
            assets=self._asset,
        )

    def _asset(self, path: str) -> bytes | None:
        files = self.files()
        return files.read_asset(path) if files.has_asset(path) else None

    def checkout(self) -> Checkout:
        """Return the git checkout around the configuration."""
        from kbsync.workflow.git import Checkout

        return Checkout(self.config.base)

    @contextmanager
    def engine(
        self, progress: Progress | None = None, *, only: frozenset[str] = frozenset()
    ) -> Iterator[Engine]:
        """Open the engine on all replicas, or on the files and those named. Raises what they raise."""
        from kbsync.state.gitref import GitCarrier
        from kbsync.state.store import open_state
        from kbsync.sync.engine import Engine
        from kbsync.sync.outcome import SILENT

        replicas = {n: r for n, r in self.replicas().items() if not only or n in only or n == "files"}
        self._prepare_home()
        checkout = self.checkout()
        ref = self.settings.sync.state_ref
        in_git = checkout.present()
        state = open_state(self.config.state_url)
        try:
            yield Engine(
                replicas,
                state,
                self.policy(),
                progress=progress or SILENT,
                home=self.config.home,
                commit=checkout.head() if in_git else "",
                config_digest=self.config.digest,
                workers=self.settings.sync.workers,
                carrier=GitCarrier(self.config.base, ref, content=self.root) if ref and in_git else None,
            )
        finally:
            state.close()
            for replica in replicas.values():
                getattr(replica, "close", lambda: None)()

    def _prepare_home(self) -> None:
        """Make the folder of kbsync's own things, which git is told to pass over."""
        try:
            self.config.home.mkdir(parents=True, exist_ok=True)
            ignore = self.config.home / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", "utf-8")
        except OSError as error:
            raise WriteFailed(f"cannot be written: {error.strerror}", where=str(self.config.home)) from error

    def policy(self) -> Policy:
        """Return the rules of a sync."""
        from kbsync.sync.policy import Budget, Policy

        settings = self.settings
        direction: dict[ReplicaName, configuration.Direction] = {}
        if settings.intercom is not None:
            direction["intercom"] = settings.intercom.direction
        if settings.confluence is not None:
            direction["confluence"] = settings.confluence.direction
        return Policy(
            default_locale=settings.content.default_locale,
            direction=direction,
            on_conflict=settings.sync.on_conflict,
            on_delete=settings.sync.on_delete,
            max_deletes=Budget.parse(settings.sync.max_deletes),
            publish=settings.intercom.publish if settings.intercom else "live",
        )
