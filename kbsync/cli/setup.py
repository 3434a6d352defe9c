"""`kbsync init`, `kbsync doctor`, `kbsync schema`."""

from __future__ import annotations

import json
import os
import re
from enum import StrEnum
from pathlib import Path

import typer

from kbsync.cli.options import Options
from kbsync.cli.screen import Screen
from kbsync.errors import ConfigError, KbsyncError


class Remote(StrEnum):
    """The remotes that content can be pulled from."""

    intercom = "intercom"
    confluence = "confluence"


def schema(context: typer.Context) -> int:
    """Print the JSON Schema of kbsync.toml, for editors that complete and check it."""
    from kbsync.config import json_schema

    screen = Screen(context.obj)
    screen.raw(json.dumps(json_schema(), indent=2) + "\n")
    return 0


def doctor(
    context: typer.Context,
    probe: bool = typer.Option(
        False, "--probe", help="Also send a throw-away draft through each remote and compare what comes back."
    ),
) -> int:
    """Check tokens, workspace, scopes, space and limits of everything that is configured."""
    from kbsync.cli.session import Session
    from kbsync.workflow.probe import Disposable, round_trip

    options: Options = context.obj
    screen = Screen(options)
    session = Session.open(options)
    rows = list[tuple[str, str, bool, str]]()
    for name, replica in session.replicas().items():
        try:
            standing = replica.probe()
        except KbsyncError as error:
            rows.append((name, "access", False, error.line()))
            continue
        rows += [(name, *check) for check in standing.checks]
        if probe and isinstance(replica, Disposable):
            rows += [(name, *check) for check in round_trip(replica, session.settings.content.default_locale)]
    failed = sum(not ok for _, _, ok, _ in rows)
    if options.json:
        keys = ("replica", "check", "ok", "message")
        screen.document({"checks": [dict(zip(keys, row, strict=True)) for row in rows], "failed": failed})
    else:
        screen.table(
            ("replica", "check", "", "what was found"),
            [(replica, check, "ok" if ok else "MEND", message) for replica, check, ok, message in rows],
        )
        screen.say(
            "Everything is in order." if not failed else f"{failed} of {len(rows)} checks need you.", "bold"
        )
    return 1 if failed else 0


def init(
    context: typer.Context,
    source: Remote | None = typer.Option(None, "--from", help="Pull what exists there into content/."),
    intercom_url: str = typer.Option("https://api.intercom.io", help="Intercom's API address."),
    workspace: str = typer.Option("", help="Intercom's app id_code; asked of /me when a token is set."),
    confluence_url: str = typer.Option("", help="Address of the wiki, on Cloud with /wiki at the end."),
    deployment: str = typer.Option("cloud", help="cloud or datacenter."),
    space: str = typer.Option("", help="Key of the Confluence space."),
    root_page: str = typer.Option("", help="Page below which everything lives."),
    locale: str = typer.Option("en", help="Locale of the files without a locale suffix."),
) -> int:
    """Write kbsync.toml and content/, and with --from pull what exists."""
    from kbsync import config as configuration
    from kbsync.cli import syncing
    from kbsync.cli.session import Session

    options: Options = context.obj
    screen = Screen(options)
    path = (options.config or Path(configuration.FILE_NAME)).resolve()
    if not path.exists():
        values = {
            "root": "content",
            "default_locale": locale,
            "intercom_url": intercom_url,
            "confluence_url": confluence_url,
            "deployment": deployment,
            "space": space,
            "root_page": root_page,
            **_intercom_identity(intercom_url, workspace, wanted=source is Remote.intercom),
        }
        _require(values, source)
        _write_config(path, values)
        screen.say(f"Wrote {path}.")
    session = Session(configuration.load(path))
    session.root.mkdir(parents=True, exist_ok=True)
    if source is not None:
        return syncing.pull(session, screen, source.value)
    if options.json:
        screen.document({"config": str(path)})
    screen.say("Next: kbsync doctor checks the connections, kbsync plan shows what a sync would do.")
    return 0


def _intercom_identity(base_url: str, workspace: str, *, wanted: bool) -> dict[str, object]:
    """Return the workspace and a byline: as given, or as the token's own /me tells."""
    token = os.environ.get("KBSYNC_INTERCOM_TOKEN", "").strip()
    if not token or not (wanted or workspace):
        return {"workspace": workspace, "author_id": None}
    from kbsync.replicas.intercom import IntercomSettings
    from kbsync.replicas.intercom.client import IntercomClient
    from kbsync.replicas.intercom.probe import account

    found = account(IntercomClient(base_url, token), IntercomSettings(base_url, workspace))
    return {"workspace": workspace or found.workspace, "author_id": found.teammate}


def _require(values: dict[str, object], source: Remote | None) -> None:
    if source is Remote.intercom and not values["workspace"]:
        raise ConfigError(
            "--from intercom needs the environment variable KBSYNC_INTERCOM_TOKEN, which is not set",
            where="kbsync init",
            hint="export KBSYNC_INTERCOM_TOKEN=…",
        )
    if source is Remote.confluence and not (values["confluence_url"] and values["space"]):
        raise ConfigError(
            "--from confluence needs --confluence-url and --space",
            where="kbsync init",
            hint="for example --confluence-url https://acme.atlassian.net/wiki --space HELP",
        )


def _write_config(path: Path, values: dict[str, object]) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from kbsync.config import parse
    from kbsync.resources import folder

    environment = Environment(  # noqa: S701  TOML, not HTML: every value goes through the toml filter
        loader=FileSystemLoader(folder("templates")), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["toml"] = _toml
    text = environment.get_template("kbsync.toml.j2").render(values)
    import tomllib

    parse(tomllib.loads(text), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _toml(value: object) -> str:
    """Return a TOML basic string: JSON's escapes are TOML's, but for the delete character."""
    return re.sub("\x7f", r"\\u007f", json.dumps(str(value), ensure_ascii=False))
