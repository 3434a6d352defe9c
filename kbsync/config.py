"""`kbsync.toml` and the secrets of the environment, as frozen values.

Reading is all or nothing: an unknown key, a wrong type or a missing secret is one ConfigError that names
the key, the file and the fix, before any request is sent.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kbsync.errors import ConfigError

FILE_NAME = "kbsync.toml"
Direction = Literal["both", "push", "pull"]
OnConflict = Literal["hold", "files", "intercom", "confluence"]

_DURATION = re.compile(r"^\s*(\d+)\s*(s|m|h|d|w)\s*$")
_SIZE = re.compile(r"^\s*(\d+)\s*(MB|GB)\s*$")
_BYTES = {"MB": 1_000_000, "GB": 1_000_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LOCALE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def seconds(text: str) -> int:
    """Return the seconds of a duration such as `90d`, `15m` or `1s`. Raises ValueError."""
    match = _DURATION.match(text)
    if match is None:
        msg = "write a number and a unit, for example 15m, 12h or 90d"
        raise ValueError(msg)
    return int(match[1]) * _SECONDS[match[2]]


def _duration(text: str) -> str:
    seconds(text)
    return text


def size(text: str) -> int:
    """Return the bytes of a size such as `500MB` or `4GB`. Raises ValueError."""
    match = _SIZE.match(text)
    if match is None:
        msg = "write a number and a unit, for example 500MB or 4GB"
        raise ValueError(msg)
    return int(match[1]) * _BYTES[match[2]]


def _size(text: str) -> str:
    size(text)
    return text


def _url(text: str) -> str:
    if not re.match(r"^https?://[^\s/?#]+", text):
        msg = "write an address that begins with https://"
        raise ValueError(msg)
    return text.rstrip("/")


def _locale(text: str) -> str:
    if not _LOCALE.match(text):
        msg = 'write a locale such as "en" or "pt-BR"'
        raise ValueError(msg)
    return text


def _budget(value: int | str) -> int | str:
    if isinstance(value, str) and not re.match(r"^\d{1,3}(\.\d+)?%$", value):
        msg = 'write a number or a share, for example 5 or "10%"'
        raise ValueError(msg)
    if isinstance(value, int) and value < 0:
        msg = "write a number of articles, 0 or more"
        raise ValueError(msg)
    return value


Duration = Annotated[str, AfterValidator(_duration)]
Size = Annotated[str, AfterValidator(_size)]
WebUrl = Annotated[str, AfterValidator(_url)]
LocaleName = Annotated[str, AfterValidator(_locale)]
Budget = Annotated[int | str, AfterValidator(_budget)]


class Table(BaseModel):
    """One table of the file: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Content(Table):
    """Where the articles are."""

    root: str = Field("content", description="Folder of the articles, relative to this file.")
    default_locale: LocaleName = Field("en", description="Locale of the files without a locale suffix.")


class Intercom(Table):
    """The Intercom Help Center. Leave the table out to sync without it."""

    base_url: WebUrl = Field(
        "https://api.intercom.io", description="API address: the US, EU or AU region, or a sandbox."
    )
    workspace: str = Field(
        description="The app's id_code as /me shows it; a token for another workspace is refused."
    )
    author_id: int | None = Field(None, description="Teammate id for the byline when an article names none.")
    help_center_id: int | None = Field(None, description="Which help center, where there are several.")
    direction: Direction = Field("both", description="both, push (write only) or pull (read only).")
    publish: Literal["live", "draft"] = Field(
        "live", description="live, or draft to stage edits of published articles as drafts."
    )


class Confluence(Table):
    """The Confluence space. Leave the table out to sync without it."""

    base_url: WebUrl = Field(description="Address of the wiki, on Cloud with /wiki at the end.")
    deployment: Literal["cloud", "datacenter"] = Field("cloud", description="cloud or datacenter.")
    space: str = Field(min_length=1, description="Key of the space.")
    root_page: str | None = Field(
        None, description="Title of the page below which everything lives; the whole space without it."
    )
    direction: Direction = Field("both", description="both, push (write only) or pull (read only).")
    locales: Literal["default", "pages"] = Field(
        "default", description="default, or pages for one child page a locale."
    )


class Assets(Table):
    """Images."""

    public_base_url: WebUrl | None = Field(
        None, description="Public address of the content root, from which Intercom fetches images."
    )


class Sync(Table):
    """How a sync decides."""

    state: str = Field("sqlite:///.kbsync/state.db", description="SQLAlchemy URL of the state.")
    state_ref: str | None = Field(
        "refs/kbsync/state", description="Git ref that also carries the state; empty for none."
    )
    on_conflict: OnConflict = Field("hold", description="hold a conflict for a person, or take one side.")
    on_delete: Literal["retire", "keep"] = Field(
        "retire", description="retire (unpublish, archive) or keep what was deleted elsewhere."
    )
    max_deletes: Budget = Field(
        "10%", description="A number or a share of all articles; above it nothing is deleted."
    )
    workers: int = Field(4, ge=1, le=32, description="Articles handled at once.")


class Conversations(Table):
    """Where conversations are kept, and for how long."""

    store: str = Field(".kbsync/conversations.duckdb", description="DuckDB file of the conversations.")
    window: Duration = Field("90d", description="How far back resolved conversations are read.")
    retention: Duration | None = Field(
        None, description="Conversations closed longer ago than this are purged; empty keeps them."
    )


class Gaps(Table):
    """The gap analysis."""

    encoder: str = Field(
        "auto", description="auto, tfidf, semantic, or a sentence-transformers name or folder."
    )
    min_topic_size: int = Field(3, ge=2, description="Conversations that make a topic.")
    memory: Size = Field("4GB", description="What an analysis may take; less makes it look at a sample.")
    workers: int = Field(
        0, ge=0, description="Processes that read and place conversations; 0 for one a core."
    )
    cluster: str = Field(
        "", description="Address of a Dask scheduler that does so instead; needs kbsync[cluster]."
    )
    price_per_resolution: float | None = Field(
        None, ge=0, description="What one answered conversation is worth, for `gaps backtest`."
    )


class Git(Table):
    """What kbsync may do in the git checkout."""

    commit: bool = Field(default=False, description="Commit remote edits, one article at a time.")
    push: bool = Field(default=False, description="Push the branch and the state ref after a sync.")


class Settings(Table):
    """The whole file."""

    content: Content = Content()
    intercom: Intercom | None = None
    confluence: Confluence | None = None
    assets: Assets = Assets()
    sync: Sync = Sync()
    conversations: Conversations = Conversations()
    gaps: Gaps = Gaps()
    git: Git = Git()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What comes from the environment only."""

    intercom_token: str = field(default="", repr=False)
    intercom_client_secret: str = field(default="", repr=False)
    confluence_user: str = ""
    confluence_token: str = field(default="", repr=False)
    confluence_webhook_secret: str = field(default="", repr=False)


def secrets(environ: Mapping[str, str] = os.environ) -> Secrets:
    """Return the secrets of the environment, empty where unset. Raises ConfigError."""
    return Secrets(
        _secret(environ, "KBSYNC_INTERCOM_TOKEN"),
        _secret(environ, "KBSYNC_INTERCOM_CLIENT_SECRET"),
        _secret(environ, "KBSYNC_CONFLUENCE_USER"),
        _secret(environ, "KBSYNC_CONFLUENCE_TOKEN"),
        _secret(environ, "KBSYNC_CONFLUENCE_WEBHOOK_SECRET"),
    )


def _secret(environ: Mapping[str, str], name: str) -> str:
    """Return a variable without the space around it; what a header cannot carry (RFC 9110, 5.5) is refused."""
    value = environ.get(name, "").strip()
    if not all(" " <= character <= "~" for character in value):
        raise ConfigError(
            f"the environment variable {name} holds a line break or a character outside ASCII",
            hint="copy it again, without quotes or anything around it",
        )
    return value


@dataclass(frozen=True, slots=True)
class Config:
    """The file and where it stands; every relative path starts there."""

    path: Path
    settings: Settings

    @property
    def base(self) -> Path:
        """Return the folder of the file."""
        return self.path.parent

    @property
    def root(self) -> Path:
        """Return the content root."""
        return self.base / self.settings.content.root

    @property
    def home(self) -> Path:
        """Return the folder that kbsync keeps its own things in."""
        return self.base / ".kbsync"

    @property
    def digest(self) -> str:
        """Return the digest of all settings; a plan file is bound to it."""
        return hashlib.sha256(self.settings.model_dump_json().encode()).hexdigest()[:16]

    @property
    def state_url(self) -> str:
        """Return the state's SQLAlchemy URL, a relative SQLite path made absolute."""
        url = self.settings.sync.state
        path = re.match(r"^sqlite:///(?!/|:memory:)(.+)$", url)
        return f"sqlite:///{(self.base / path[1]).resolve()}" if path else url

    def at(self, path: str) -> Path:
        """Return a path of the file as an absolute one."""
        return self.base / path

    def secrets(
        self, environ: Mapping[str, str] = os.environ, *, of: Collection[str] = ("intercom", "confluence")
    ) -> Secrets:
        """Return the secrets. Raises ConfigError naming the first that one of these tables lacks."""
        found = secrets(environ)
        needs = [
            (self.settings.intercom, found.intercom_token, "KBSYNC_INTERCOM_TOKEN", "[intercom]"),
            (self.settings.confluence, found.confluence_token, "KBSYNC_CONFLUENCE_TOKEN", "[confluence]"),
        ]
        for table, value, name, title in needs:
            if table is not None and not value and title.strip("[]") in of:
                raise ConfigError(
                    f"{title} needs the environment variable {name}, which is not set",
                    where=str(self.path),
                    hint=f"export {name}=…, or leave the {title} table out",
                )
        return found


def find(start: Path) -> Path:
    """Return the `kbsync.toml` of this folder or the nearest one above. Raises ConfigError."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(
        f"there is no {FILE_NAME} here or above",
        where=str(start),
        hint="run `kbsync init` to write one, or name it with --config",
    )


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError."""
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", where=str(path), hint="name the file with --config"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", where=str(path), hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not TOML: {error}", where=str(path), hint="mend that line") from error
    return Config(path.resolve(), parse(data, str(path)))


def parse(data: Mapping[str, Any], where: str) -> Settings:
    """Validate the tables of a file. Raises ConfigError naming the first bad key."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise _explain(error, where) from error


def _explain(error: ValidationError, where: str) -> ConfigError:
    problems = error.errors(include_url=False)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in first["loc"])
    table = _table_of(first["loc"])
    match first["type"]:
        case "extra_forbidden":
            close = difflib.get_close_matches(str(first["loc"][-1]), table.model_fields, 1)
            hint = f'did you mean "{close[0]}"?' if close else f"known: {', '.join(table.model_fields)}"
            return ConfigError(f'unknown key "{key}"', where=where, hint=hint)
        case "missing":
            about = table.model_fields[str(first["loc"][-1])].description or ""
            return ConfigError(f'the key "{key}" is missing', where=where, hint=about)
        case "value_error":
            return ConfigError(f'the key "{key}" is not usable', where=where, hint=str(first["ctx"]["error"]))
        case "model_type":
            return ConfigError(
                f'"{key}" is a table', where=where, hint=f"write a line [{key}], its keys below it"
            )
        case _:
            got = type(first["input"]).__name__ if isinstance(first["input"], dict | list) else first["input"]
            return ConfigError(f'the key "{key}" cannot be {got!r}', where=where, hint=str(first["msg"]))


def _table_of(location: tuple[int | str, ...]) -> type[Table]:
    """Return the model that should hold the last key of an error's location."""
    model: type[Table] = Settings
    for part in location[:-1]:
        known = model.model_fields.get(str(part))
        inner = (known.annotation, *get_args(known.annotation)) if known else ()
        model = next((t for t in inner if isinstance(t, type) and issubclass(t, Table)), model)
    return model


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    schema = Settings.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FILE_NAME}
