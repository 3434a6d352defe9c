"""What a command works with: the configuration, the replicas, the state and the engine, made when needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kbsync import config as configuration
from kbsync.cli.options import Options
from kbsync.config import Config, Settings
from kbsync.effects import DIRECT
from kbsync.errors import ConfigError

if TYPE_CHECKING:
    from kbsync.conversations.store import Store
    from kbsync.document.formats import Format
    from kbsync.replicas.base import Replica, ReplicaName
    from kbsync.replicas.files.replica import FilesReplica
    from kbsync.replicas.intercom.client import IntercomClient
    from kbsync.sync.policy import Policy


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
            return cls(configuration.load(options.config or configuration.find(Path.cwd())))
        except ConfigError:
            folder = near[0] if near and near[0].is_dir() else None
            if options.config or folder is None:
                raise
            return cls(Config(folder / configuration.FILE_NAME, Settings()), root=folder)

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
        return IntercomClient(table.base_url, self.config.secrets().intercom_token)

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
